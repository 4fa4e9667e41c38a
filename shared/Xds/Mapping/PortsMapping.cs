using Ambient.Model.Workloads;
using Google.Protobuf.Collections;
using Wire = Ambient.Protos.Workloads;

namespace Ambient.Xds.Mapping;

/// <summary>Ports and port lists. A number above 65535 throws <see cref="ArgumentException"/>: cutting it off would name another port.</summary>
internal static class PortsMapping
{
    public static IEnumerable<Wire.Port> ToWire(PortMap ports)
    {
        foreach (var port in (IEnumerable<PortMapping>)ports.Entries)
        {
            yield return new()
            {
                ServicePort = port.ServicePort,
                TargetPort = port.TargetPort,
                AppProtocol = (Wire.AppProtocol)port.AppProtocol,
            };
        }
    }

    /// <param name="pool">Most services have the same few port lists.</param>
    public static PortMap ToModel(RepeatedField<Wire.Port> ports, SharedValues pool)
    {
        var entries = new PortMapping[ports.Count];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = new(ToPort(ports[i].ServicePort), ToPort(ports[i].TargetPort), ToModel(ports[i].AppProtocol));
        return pool.Share(new PortMap(entries));
    }

    public static ushort ToPort(uint number) =>
        number <= ushort.MaxValue ? (ushort)number : throw new ArgumentException($"{number} is not a port; the highest is 65535");

    private static AppProtocol ToModel(Wire.AppProtocol protocol) =>
        protocol <= Wire.AppProtocol.Tls ? (AppProtocol)protocol : AppProtocol.Unknown; // for information only
}
