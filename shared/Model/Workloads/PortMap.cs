namespace Ambient.Model.Workloads;

/// <summary>What a service says its port speaks; nobody checks it.</summary>
public enum AppProtocol : byte { Unknown, Http11, Http2, Grpc, Tcp, Tls }

/// <summary>One port of a service and where it leads; a target of 0 is a named port, which each endpoint resolves itself.</summary>
/// <param name="AppProtocol">Only told by the service itself, never by a workload's place in it.</param>
public readonly record struct PortMapping(ushort ServicePort, ushort TargetPort, AppProtocol AppProtocol = AppProtocol.Unknown);

/// <summary>Service port → target port. Equal by content; few entries, so a scan finds fastest.</summary>
public readonly record struct PortMap
{
    private readonly EquatableArray<PortMapping> _entries;

    /// <summary>Later entries for the same service port win; order does not matter for equality.</summary>
    public PortMap(params ReadOnlySpan<PortMapping> entries)
    {
        var byPort = new SortedDictionary<ushort, PortMapping>();
        foreach (var entry in entries) byPort[entry.ServicePort] = entry;
        _entries = byPort.Values.ToEquatableArray();
    }

    /// <summary>Sorted by service port.</summary>
    public EquatableArray<PortMapping> Entries => _entries;

    public bool TryGetTarget(ushort servicePort, out ushort targetPort)
    {
        foreach (var entry in _entries)
        {
            if (entry.ServicePort != servicePort) continue;
            targetPort = entry.TargetPort;
            return true;
        }
        targetPort = 0;
        return false;
    }

    /// <summary>What the service says that its port speaks.</summary>
    public AppProtocol ProtocolOf(ushort servicePort)
    {
        foreach (var entry in _entries)
            if (entry.ServicePort == servicePort) return entry.AppProtocol;
        return AppProtocol.Unknown;
    }

    public bool Contains(ushort servicePort) => TryGetTarget(servicePort, out _);

    public bool HasTarget(ushort targetPort)
    {
        foreach (var entry in _entries)
            if (entry.TargetPort == targetPort) return true;
        return false;
    }
}
