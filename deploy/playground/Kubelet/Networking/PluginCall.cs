namespace Ambient.Playground.Kubelet.Networking;

/// <summary>How long a CNI plugin took: its process, from start to end.</summary>
/// <param name="Command">As CNI names it, for example ADD.</param>
public sealed record PluginCall(string Plugin, string Command, TimeSpan Duration);
