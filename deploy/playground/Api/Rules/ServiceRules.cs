using System.Net;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Rules;

/// <summary>Services get addresses (one per family) and, if they ask, ports on the nodes.</summary>
internal sealed class ServiceRules : KindRules
{
    private const int FirstNodePort = 30000, LastNodePort = 32767;

    private readonly Dictionary<string, AddressPool> _pools = [];
    private readonly Dictionary<int, string> _nodePorts = [];

    public ServiceRules(IPNetwork v4, IPNetwork? v6)
    {
        _pools["IPv4"] = new(v4);
        if (v6 is { } range) _pools["IPv6"] = new(range);
    }

    public override void Check(ObjectStore store, JsonObject document, JsonObject? old, List<FieldProblem> problems)
    {
        var spec = document.Child("spec");
        var uid = document.Text("metadata", "uid")!;
        CheckPorts(spec, problems);
        if (document["status"] is null) document["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        if (spec.Text("type") == "ExternalName")
        {
            if (spec.Text("externalName") is not { Length: > 0 }) problems.Add(FieldProblem.Required("spec.externalName"));
            foreach (var field in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) spec.Remove(field);
            return;
        }
        spec["internalTrafficPolicy"] ??= "Cluster";
        if (spec.Text("type") is "NodePort" or "LoadBalancer") spec["externalTrafficPolicy"] ??= "Cluster";
        if (problems.Count > 0) return;
        Address(spec, old.ObjectAt("spec"), uid, problems);
        NodePorts(spec, uid, problems);
    }

    // Addresses are chosen when a document is checked and taken when it is kept: refused writes and dry runs take none.
    public override void Stored(ObjectStore store, StoredObject value)
    {
        var spec = value.Copy().ObjectAt("spec");
        foreach (var address in Addresses(spec)) PoolOf(address)?.Take(address);
        Release(value.Uid, spec);
        foreach (var port in spec.ObjectsAt("ports"))
            if (port.Number("nodePort") is { } number) _nodePorts[(int)number] = value.Uid;
    }

    public override void Removed(ObjectStore store, StoredObject value)
    {
        foreach (var address in Addresses(value.Copy().ObjectAt("spec"))) PoolOf(address)?.Return(address);
        Release(value.Uid, null);
    }

    private void Release(string uid, JsonObject? kept)
    {
        var ports = kept.ObjectsAt("ports").Select(port => port.Number("nodePort")).ToHashSet();
        foreach (var port in _nodePorts.Where(port => port.Value == uid && !ports.Contains(port.Key)).Select(port => port.Key).ToList()) _nodePorts.Remove(port);
    }

    private static void CheckPorts(JsonObject spec, List<FieldProblem> problems)
    {
        var ports = spec.ObjectsAt("ports").ToList();
        if (ports.Count == 0 && spec.Text("type") != "ExternalName" && spec.Text("clusterIP") != "None") problems.Add(FieldProblem.Required("spec.ports"));
        for (var i = 0; i < ports.Count; i++)
        {
            if (ports.Count > 1 && ports[i].Text("name") is not { Length: > 0 }) problems.Add(FieldProblem.Required($"spec.ports[{i}].name"));
            if (ports[i]["targetPort"] is null) ports[i]["targetPort"] = ports[i]["port"]?.DeepClone();
        }
        foreach (var twice in ports.Where(port => port.Text("name") is not null).GroupBy(port => port.Text("name")).Where(group => group.Count() > 1))
            problems.Add(FieldProblem.Duplicate("spec.ports.name", twice.Key));
    }

    private void Address(JsonObject spec, JsonObject? old, string uid, List<FieldProblem> problems)
    {
        var wanted = spec.Text("clusterIP");
        if (wanted is null or "" && spec.TextsAt("clusterIPs").FirstOrDefault() is { } first) wanted = first;
        var kept = old.TextsAt("clusterIPs").ToList();
        if (kept.Count > 0 && wanted is null or "") wanted = kept[0];
        if (kept.Count > 0 && kept[0] != wanted)
        {
            problems.Add(FieldProblem.Invalid("spec.clusterIPs[0]", wanted, "may not change once set"));
            return;
        }
        var families = Families(spec, wanted, problems);
        if (problems.Count > 0) return;
        spec["ipFamilies"] = Json.Strings(families);
        spec["ipFamilyPolicy"] ??= "SingleStack";
        if (wanted == "None")
        {
            spec["clusterIP"] = "None";
            spec["clusterIPs"] = Json.Strings(["None"]);
            return;
        }
        var given = kept.Count > 0 ? kept : spec.TextsAt("clusterIPs").ToList();
        if (given.Count == 0 && wanted is { Length: > 0 }) given.Add(wanted);
        var addresses = families.Select((family, i) => One(family, given.ElementAtOrDefault(i), kept, problems)).OfType<string>().ToList();
        if (addresses.Count == 0) return;
        spec["clusterIP"] = addresses[0];
        spec["clusterIPs"] = Json.Strings(addresses);
    }

    private List<string> Families(JsonObject spec, string? wanted, List<FieldProblem> problems)
    {
        var families = spec.TextsAt("ipFamilies").ToList();
        if (families.Count == 0) families.Add(IPAddress.TryParse(wanted, out var address) && address.GetAddressBytes().Length == 16 ? "IPv6" : "IPv4");
        var dual = spec.Text("ipFamilyPolicy") is "PreferDualStack" or "RequireDualStack";
        if (dual && families.Count == 1 && _pools.Count == 2) families.Add(families[0] == "IPv4" ? "IPv6" : "IPv4");
        if (spec.Text("ipFamilyPolicy") == "RequireDualStack" && _pools.Count < 2)
            problems.Add(FieldProblem.Invalid("spec.ipFamilyPolicy", "RequireDualStack", "this cluster has one address family only"));
        if (!dual && families.Count > 1) families = [families[0]];
        foreach (var family in families.Where(family => !_pools.ContainsKey(family)))
            problems.Add(FieldProblem.Invalid("spec.ipFamilies", family, "not configured on this cluster"));
        return families;
    }

    private string? One(string family, string? given, List<string> kept, List<FieldProblem> problems)
    {
        var pool = _pools[family];
        if (given is { Length: > 0 })
        {
            if (kept.Contains(given)) return given;
            if (!IPAddress.TryParse(given, out var address))
                problems.Add(FieldProblem.Invalid("spec.clusterIPs", given, "must be a valid IP address"));
            else if (!pool.Contains(address))
                problems.Add(FieldProblem.Invalid("spec.clusterIPs", given, $"failed to allocate IP {given}: the provided IP is not in the valid range"));
            else if (!pool.IsFree(address))
                problems.Add(FieldProblem.Invalid("spec.clusterIPs", given, $"failed to allocate IP {given}: provided IP is already allocated"));
            return given;
        }
        if (pool.FindFree() is { } free) return free.ToString();
        problems.Add(FieldProblem.Invalid("spec.clusterIPs", null, $"all {family} addresses of the cluster are taken"));
        return null;
    }

    private void NodePorts(JsonObject spec, string uid, List<FieldProblem> problems)
    {
        if (spec.Text("type") is not ("NodePort" or "LoadBalancer")) return;
        var next = FirstNodePort;
        foreach (var port in spec.ObjectsAt("ports"))
        {
            if (port.Number("nodePort") is { } wanted and > 0)
            {
                if (wanted is < FirstNodePort or > LastNodePort)
                    problems.Add(FieldProblem.Invalid("spec.ports.nodePort", wanted, $"provided port is not in the valid range. The range of valid ports is {FirstNodePort}-{LastNodePort}"));
                else if (_nodePorts.TryGetValue((int)wanted, out var owner) && owner != uid)
                    problems.Add(FieldProblem.Invalid("spec.ports.nodePort", wanted, "provided port is already allocated"));
                continue;
            }
            while (next <= LastNodePort && _nodePorts.ContainsKey(next)) next++;
            if (next > LastNodePort) problems.Add(FieldProblem.Invalid("spec.ports.nodePort", null, "all node ports are taken"));
            port["nodePort"] = next++;
        }
    }

    private AddressPool? PoolOf(IPAddress address) => _pools.GetValueOrDefault(address.GetAddressBytes().Length == 16 ? "IPv6" : "IPv4");

    private static IEnumerable<IPAddress> Addresses(JsonObject? spec) =>
        spec.TextsAt("clusterIPs").Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>();
}
