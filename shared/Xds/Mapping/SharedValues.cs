using Ambient.Model;
using Ambient.Model.Workloads;

namespace Ambient.Xds.Mapping;

/// <summary>Keeps one copy of what many resources share: namespaces, nodes, host names, places in a service. Not thread-safe.</summary>
/// <param name="capacity">Values of each kind kept; when it is full the kind starts anew, so that names long gone are not kept for ever.</param>
public sealed class SharedValues(int capacity = 1 << 16)
{
    private readonly HashSet<string> _texts = [];
    private readonly HashSet<EquatableArray<ServiceMembership>> _memberships = [];
    private readonly HashSet<PortMap> _ports = [];

    public string Share(string text) => text.Length == 0 ? "" : Share(_texts, text);

    /// <summary>Pods of one workload usually have the very same places in services.</summary>
    public EquatableArray<ServiceMembership> Share(EquatableArray<ServiceMembership> memberships) =>
        memberships.IsEmpty ? default : Share(_memberships, memberships);

    public PortMap Share(PortMap ports) => ports.Entries.IsEmpty ? default : Share(_ports, ports);

    private T Share<T>(HashSet<T> kept, T value)
    {
        if (kept.TryGetValue(value, out var known)) return known;
        if (kept.Count >= capacity) kept.Clear();
        kept.Add(value);
        return value;
    }
}
