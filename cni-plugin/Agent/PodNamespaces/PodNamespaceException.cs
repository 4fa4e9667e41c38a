namespace Ambient.CniAgent.PodNamespaces;

/// <summary>A pod's network namespace cannot be used; the message says why.</summary>
internal sealed class PodNamespaceException(string message, Exception? cause = null) : IOException(message, cause);
