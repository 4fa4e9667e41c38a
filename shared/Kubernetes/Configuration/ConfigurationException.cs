namespace Ambient.Kubernetes.Configuration;

/// <summary>The way to the API cannot be told from what was configured. The message names the file or setting and what to do.</summary>
public sealed class ConfigurationException(string message, Exception? cause = null) : Exception(message, cause);
