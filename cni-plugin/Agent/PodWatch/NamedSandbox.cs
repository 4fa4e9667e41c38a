namespace Ambient.CniAgent.PodWatch;

/// <summary>A sandbox as the CNI plugin names it.</summary>
/// <param name="Uid">Of its pod.</param>
/// <param name="Netns">Path of its network namespace, as this process sees it.</param>
internal sealed record NamedSandbox(string Uid, string ContainerId, string Netns, IReadOnlyList<string> Addresses);

/// <summary>Nobody can say whether the pod is to be in the mesh.</summary>
internal sealed class UnknownPodException(string uid) : Exception($"The pod with uid {uid} is not known.");
