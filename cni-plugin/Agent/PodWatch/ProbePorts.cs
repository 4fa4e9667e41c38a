using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.CniAgent.PodWatch;

/// <summary>The TCP ports on which the kubelet asks a pod how it is, as its spec declares them: startup, readiness and liveness probes by HTTP, TCP and gRPC.</summary>
internal static class ProbePorts
{
    /// <summary>Ascending, without repeats. Probes by command and probes of other hosts have none; a name that no port has, neither.</summary>
    public static EquatableArray<ushort> Of(Kubernetes.Resources.PodSpec? spec)
    {
        // Of the init containers only sidecars may have probes.
        var containers = (spec?.Containers ?? []).Concat((spec?.InitContainers ?? []).Where(static container => container?.RestartPolicy == "Always"));
        return [.. containers.Where(static container => container is not null).SelectMany(PortsOf).Distinct().Order()];
    }

    private static IEnumerable<ushort> PortsOf(Container container)
    {
        foreach (var probe in new[] { container.StartupProbe, container.ReadinessProbe, container.LivenessProbe })
        {
            if (probe is null)
                continue;
            foreach (var probed in new[] { probe.HttpGet, probe.TcpSocket })
            {
                if (probed is { Host: null or "" } && Resolve(container, probed.Port) is { } port)
                    yield return port;
            }
            if (probe.Grpc is { } grpc && Valid(grpc.Port) is { } grpcPort)
                yield return grpcPort;
        }
    }

    private static ushort? Resolve(Container container, IntOrString port) => port.Text is not { } name
        ? Valid(port.Number ?? 0)
        : container.Ports?.FirstOrDefault(named => named?.Name == name) is { } found ? Valid(found.Port)
        : int.TryParse(name, out var number) ? Valid(number) : null; // the kubelet takes digits in a string as a number too

    private static ushort? Valid(int port) => port is >= 1 and <= 65535 ? (ushort)port : null;
}
