using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.LocalConfiguration;

/// <summary>Reads the <c>workloads</c> of the file.</summary>
internal static class LocalWorkloads
{
    public static readonly (string, WorkloadStatus)[] Statuses = [("Healthy", WorkloadStatus.Healthy), ("Unhealthy", WorkloadStatus.Unhealthy)];

    public static Workload Read(ObjectReader reader)
    {
        var name = reader.Text("name");
        var ns = IdentityPart(reader, "namespace", required: true);
        var cluster = reader.Text("clusterId");
        var uid = reader.Text("uid");
        var workload = new Workload
        {
            Uid = uid.Length > 0 ? uid : $"{cluster}//Pod/{ns}/{name}",
            Name = name,
            Namespace = ns,
            ClusterId = cluster,
            TrustDomain = IdentityPart(reader, "trustDomain"),
            ServiceAccount = IdentityPart(reader, "serviceAccount"),
            Addresses = reader.Items("workloadIps", required: true).Select(reader.AddressOf).ToEquatableArray(),
            Services = reader.Entries("services", required: true).Select(entry => Membership(reader, entry)).ToEquatableArray(),
            Network = reader.Text("network"),
            WorkloadName = reader.Text("workloadName"),
            Type = reader.Choice("workloadType", false, ("deployment", WorkloadType.Deployment), ("cronjob", WorkloadType.CronJob),
                ("pod", WorkloadType.Pod), ("job", WorkloadType.Job), ("", WorkloadType.Deployment)),
            CanonicalName = reader.Text("canonicalName"),
            CanonicalRevision = reader.Text("canonicalRevision"),
            Hostname = reader.Text("hostname"),
            Node = reader.Text("node"),
            Protocol = reader.Choice("protocol", false, ("TCP", TunnelProtocol.None), ("HBONE", TunnelProtocol.Hbone)),
            NetworkMode = reader.Choice("networkMode", false, ("Standard", NetworkMode.Standard), ("HostNetwork", NetworkMode.HostNetwork)),
            Waypoint = Gateway(reader.Object("waypoint")),
            NetworkGateway = Gateway(reader.Object("networkGateway")),
            NativeTunnel = reader.Flag("nativeTunnel"),
            ApplicationTunnel = Tunnel(reader.Object("applicationTunnel")),
            AuthorizationPolicies = reader.Items("authorizationPolicies").Select(reader.TextOf).ToEquatableArray(),
            Status = reader.Choice("status", false, Statuses),
            Locality = Place(reader.Object("locality")),
            Capacity = reader.Number("capacity", 1),
        };
        reader.RefuseUnknownKeys();
        return workload;
    }

    public static GatewayAddress? Gateway(ObjectReader? reader)
    {
        if (reader is null) return null;
        var (text, port) = (reader.Text("destination", required: true), reader.Port("hboneMtlsPort", required: true));
        reader.RefuseUnknownKeys();
        if (NetworkAddress.TryParse(text, out var address)) return new(address, port);
        if (ServiceKey.TryParse(text, out var host)) return new(host, port);
        reader.Mistake("destination", $"'{text}' is neither network/ip nor namespace/hostname.");
        return null;
    }

    public static PortMap Ports(ObjectReader reader, IEnumerable<(string Key, Located Value)> entries) =>
        new([.. entries.Select(entry => new PortMapping(reader.PortKey(entry.Key, entry.Value), reader.PortOf(entry.Value, from: 0)))]);

    private static ServiceMembership Membership(ObjectReader reader, (string Key, Located Value) entry)
    {
        if (!ServiceKey.TryParse(entry.Key, out var service))
            reader.Mistake("services", $"'{entry.Key}' is not of the form namespace/hostname.");
        return new(service, Ports(reader, PortsIn(reader, entry.Value)));
    }

    private static IEnumerable<(string, Located)> PortsIn(ObjectReader reader, Located ports)
    {
        if (ports.Value is YamlMap map) return map.Entries.Select(port => (port.Key, new Located(port.Value, $"{ports.Path}.{port.Key}")));
        reader.Mistake("services", "each service needs an object of servicePort: targetPort.");
        return [];
    }

    private static ApplicationTunnel? Tunnel(ObjectReader? reader)
    {
        if (reader is null) return null;
        var protocol = reader.Choice("protocol", true, ("NONE", ApplicationTunnelProtocol.None), ("PROXY", ApplicationTunnelProtocol.Proxy));
        var port = reader.Number("port", 0) == 0 ? (ushort)0 : reader.Port("port");
        reader.RefuseUnknownKeys();
        return new(protocol, port == 0 ? null : port);
    }

    private static Locality Place(ObjectReader? reader)
    {
        if (reader is null) return new("", "", "");
        var place = new Locality(reader.Text("region", true), reader.Text("zone", true), reader.Text("subzone", true));
        reader.RefuseUnknownKeys();
        return place;
    }

    private static string IdentityPart(ObjectReader reader, string key, bool required = false)
    {
        var part = reader.Text(key, required);
        try
        {
            return Model.Identities.SpiffeId.CheckPart(part);
        }
        catch (ArgumentException e)
        {
            reader.Mistake(key, e.Message);
            return "";
        }
    }
}
