using Ambient.Model;
using Ambient.Model.Workloads;

namespace Ambient.Xds.Mapping;

/// <summary>Keeps one copy of what many resources share: namespaces, nodes, host names, ports. Not thread-safe.</summary>
/// <param name="generation">See <see cref="RecentValues{T}"/>.</param>
public sealed class SharedValues(int generation = 1 << 10)
{
    private readonly RecentValues<string> _texts = new(generation);
    private readonly RecentValues<PortMap> _ports = new(generation);

    public string Share(string text) => text.Length == 0 ? "" : _texts.Share(text);

    public PortMap Share(PortMap ports) => ports.Entries.IsEmpty ? default : _ports.Share(ports);
}
