namespace Ambient.Playground.Kubelet.Containers;

/// <summary>A container cannot be started as its pod describes it.</summary>
/// <param name="reason">One word, as it stands in the container's status.</param>
internal sealed class ContainerException(string reason, string message) : Exception(message)
{
    public string Reason { get; } = reason;
}
