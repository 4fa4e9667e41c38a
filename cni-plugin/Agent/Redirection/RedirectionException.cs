namespace Ambient.CniAgent.Redirection;

/// <summary>A pod's rules could not be installed, verified or removed; the message says which and why.</summary>
internal sealed class RedirectionException(string message, Exception? cause = null) : IOException(message, cause);
