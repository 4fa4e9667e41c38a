namespace Ambient.Playground.Kubelet.Networking;

/// <summary>A pod's network could not be made; the message names the plugin and what it said.</summary>
internal sealed class CniException(string message, Exception? cause = null) : Exception(message, cause);
