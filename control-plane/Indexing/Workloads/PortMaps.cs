using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Workloads;

/// <summary>Where a service's ports lead on one of its endpoints. A port that leads nowhere is left out.</summary>
internal static class PortMaps
{
    public static PortMap OfPod(ServiceFacts service, Pod pod) => Build(service, port =>
        service.IsEntry ? ContainerPort(pod, port.Name) ?? port.Target
        : port.TargetName is { } name ? ContainerPort(pod, name)
        : port.Target);

    /// <param name="ports">Of a WorkloadEntry or endpoint, by name; may be null.</param>
    public static PortMap OfEntry(ServiceFacts service, IReadOnlyDictionary<string, long>? ports) => Build(service, port =>
        port.TargetName is { } name ? EntryPort(ports, name)
        : EntryPort(ports, port.Name) ?? port.Target);

    /// <summary>Ports of the same name belong together.</summary>
    public static PortMap OfSlice(ServiceFacts service, EndpointSlice slice) => Build(service, port =>
    {
        foreach (var candidate in slice.Ports ?? [])
            if (candidate is { Port: > 0 and <= ushort.MaxValue } && (candidate.Name ?? "") == port.Name && ServiceReader.IsTcp(candidate.Protocol))
                return (ushort)candidate.Port;
        return null;
    });

    private static PortMap Build(ServiceFacts service, Func<PortFacts, ushort?> targetOf)
    {
        var entries = new List<PortMapping>(service.Ports.Count);
        foreach (var port in service.Ports)
            if (targetOf(port) is { } target) entries.Add(new(port.Port, target));
        return new([.. entries]);
    }

    private static ushort? ContainerPort(Pod pod, string name)
    {
        if (name.Length == 0) return null;
        return Find(pod.Spec?.Containers, name)
            // An init container that is always restarted runs beside the others for as long as the pod lives.
            ?? Find(pod.Spec?.InitContainers?.Where(static container => container?.RestartPolicy == "Always"), name);
    }

    private static ushort? Find(IEnumerable<Container>? containers, string name)
    {
        foreach (var container in containers ?? [])
            foreach (var port in container?.Ports ?? [])
                if (port?.Name == name && ServiceReader.IsTcp(port.Protocol) && port.Port is > 0 and <= ushort.MaxValue)
                    return (ushort)port.Port;
        return null;
    }

    private static ushort? EntryPort(IReadOnlyDictionary<string, long>? ports, string name) =>
        ports is not null && ports.TryGetValue(name, out var port) && port is > 0 and <= ushort.MaxValue ? (ushort)port : null;
}
