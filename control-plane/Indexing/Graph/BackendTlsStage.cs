using Ambient.ControlPlane.Indexing.Backends;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>BackendTLSPolicies → TLS towards servers, and what their status says.</summary>
internal sealed class BackendTlsStage(MeshGraph graph)
{
    /// <summary>Of a policy's status (Gateway API, PolicyStatus).</summary>
    private const int MostAncestors = 16;

    private readonly Dictionary<ObjectName, BackendTlsNode> _policies = [];
    private readonly Dictionary<ObjectName, AuthorityBundle> _bundles = [];
    private readonly Selection.SetIndex<ObjectName, BackendTlsNode> _byMap = new();

    public void Set(BackendTlsPolicy value)
    {
        var name = ObjectName.Of(value);
        if (!_policies.TryGetValue(name, out var node))
        {
            _policies[name] = node = new(name, graph.NamespaceOf(name.Namespace));
            node.Namespace.Traffic.Add(node);
        }
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(ObjectName name)
    {
        if (!_policies.TryGetValue(name, out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    /// <param name="value">Null once it is gone, or nobody refers to it.</param>
    public void SetMap(ObjectName name, ConfigMap? value)
    {
        var bundle = value is null ? null : AuthorityBundle.Of(value);
        if (Equals(bundle, _bundles.GetValueOrDefault(name))) return;
        if (bundle is null) _bundles.Remove(name);
        else _bundles[name] = bundle;
        foreach (var node in _byMap[name]) graph.Queue.Add(node);
    }

    /// <summary>First what each says by itself, since they may be in each other's way; then what it means.</summary>
    public void Rebuild()
    {
        var queued = new HashSet<BackendTlsNode>(Rebuilds.Take(graph.Queue.BackendTls));
        foreach (var node in queued) Read(node);
        queued.UnionWith(Rebuilds.Take(graph.Queue.BackendTls));
        foreach (var node in queued) Build(node);
    }

    private void Read(BackendTlsNode node)
    {
        var value = node.Object is { } given && node.Namespace.IsIncluded && graph.Settings.IsOurs(given) ? given : null;
        if (ReferenceEquals(node.Read, value)) return;
        node.Read = value;
        var findings = new Findings("BackendTLSPolicy", node.Name);
        node.Facts = value is null ? null : BackendTlsReader.Read(value, findings);
        graph.Log.Report(node, findings);
        Aim(node, node.Facts is { } facts ? [.. facts.Targets.Select(static target => target.Service).OfType<TargetKey>().Distinct()] : []);
        Refer(node, [.. (node.Facts?.Authorities ?? default).Select(static reference => reference.Map).OfType<ObjectName>().Distinct()]);
    }

    // Who is in whose way may be another now.
    private void Aim(BackendTlsNode node, TargetKey[] targets)
    {
        foreach (var target in node.Targets) graph.BackendTlsByTarget.Remove(target, node);
        foreach (var target in targets) graph.BackendTlsByTarget.Add(target, node);
        foreach (var target in node.Targets.Union(targets))
        {
            foreach (var fellow in graph.BackendTlsByTarget[target]) graph.Queue.Add(fellow);
            // What DestinationRules say of TLS holds no longer, or again.
            graph.Directory.Changed.UnionWith(HostsOf(target, node.Name.Namespace));
        }
        node.Targets = targets;
    }

    private void Refer(BackendTlsNode node, ObjectName[] maps)
    {
        foreach (var map in node.Maps) _byMap.Remove(map, node);
        foreach (var map in maps) _byMap.Add(map, node);
        node.Maps = maps;
    }

    private void Build(BackendTlsNode node)
    {
        var authorities = node.Facts is { } facts ? Resolve(facts) : new("", null);
        graph.Log.Set(node.ResourceName, node.Facts is null || PolicyOf(node.Facts, authorities) is not { Targets.IsEmpty: false } policy ? null : new TrafficResource(node.ResourceName, policy));
        SetStatus(node, authorities);
        if (node.Object is not null) return;
        _policies.Remove(node.Name);
        node.Namespace.Traffic.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }

    private ResolvedAuthorities Resolve(BackendTlsFacts facts)
    {
        var (pem, certificates, problem) = (new System.Text.StringBuilder(), 0, ((string, string)?)null);
        foreach (var reference in facts.Authorities)
        {
            if (reference.Map is not { } map) problem ??= ("InvalidKind", $"{reference.Text} is no ConfigMap: other kinds have no certificate authorities.");
            else if (!_bundles.TryGetValue(map, out var bundle)) problem ??= ("InvalidCACertificateRef", $"There is no ConfigMap {map}, or too many of its namespace are referred to.");
            else if (bundle.Problem is { } bad) problem ??= ("InvalidCACertificateRef", bad);
            else if (pem.Length + bundle.Pem.Length > AuthorityBundle.MostCharacters || certificates + bundle.Certificates > AuthorityBundle.MostCertificates)
                problem ??= ("InvalidCACertificateRef", $"With ConfigMap {map} there are more than {AuthorityBundle.MostCertificates} certificates, or {AuthorityBundle.MostCharacters} characters of them: it is left out.");
            else
            {
                pem.Append(bundle.Pem);
                certificates += bundle.Certificates;
            }
        }
        return new(pem.ToString(), problem);
    }

    private BackendTls PolicyOf(BackendTlsFacts facts, ResolvedAuthorities authorities)
    {
        var problem = facts.Problem ?? (authorities is { Pem.Length: 0, Unresolved: { } missing } ? missing.Message : null);
        return new()
        {
            Namespace = facts.Name.Namespace,
            Name = facts.Name.Name,
            Created = facts.Created,
            Targets = facts.Targets.SelectMany(target => TargetsOf(target, facts.Name.Namespace)).Distinct()
                .OrderBy(static target => target.Service.ToString(), StringComparer.Ordinal).ThenBy(static target => target.Port).ToEquatableArray(),
            Tls = problem is null ? facts.Tls with { Roots = authorities.Pem } : null,
            Unusable = problem is null ? "" : $"BackendTLSPolicy {facts.Name}: {problem}",
        };
    }

    private IEnumerable<TlsTarget> TargetsOf(BackendTarget target, string ns)
    {
        if (target.Service is not { } service) return [];
        ushort port = 0;
        if (target.Section.Length > 0 && (port = PortOf(service, target.Section)) == 0) return [];
        return HostsOf(service, ns).Select(host => new TlsTarget(host, port));
    }

    /// <returns>0 for a port that the service does not have.</returns>
    private ushort PortOf(TargetKey service, string section) => (NodeOf(service)?.Facts?.Ports ?? default).FirstOrDefault(port => port.Name == section).Port;

    private EquatableArray<ServiceKey> HostsOf(TargetKey service, string ns) => new PolicyTargets(graph).Aim(
        [new() { Group = service.Kind == TargetKind.Service ? "" : PolicyTargets.EntryGroup, Kind = service.Kind.ToString(), Name = service.Name.Name }], ns).Services;

    private ServiceNode? NodeOf(TargetKey service) => graph.Services.GetValueOrDefault((service.Name, service.Kind == TargetKind.ServiceEntry));

    private void SetStatus(BackendTlsNode node, ResolvedAuthorities authorities)
    {
        if (node.Facts is not { } facts)
        {
            graph.Log.Forget(ResourceTypes.BackendTlsPolicy, node.Name, FieldManagers.WaypointBackends);
            return;
        }
        var (generation, shown) = (node.Read!.Metadata.Generation, StatusEntries.Of(node.Read)!);
        var room = MostAncestors - shown.All.Count(entry => shown.OursOf(entry) is null);
        var desired = new ConditionSet(ResourceTypes.BackendTlsPolicy, node.Name, FieldManagers.WaypointBackends, generation, [])
        {
            Parents = BackendTlsConditions.Of(facts, [.. facts.Targets.Select(target => OutcomeOf(facts, target))], authorities, Math.Max(room, 0), generation),
        };
        graph.Log.Set(desired, shown.Say(desired.Parents));
    }

    private BackendOutcome OutcomeOf(BackendTlsFacts facts, BackendTarget target)
    {
        var reference = target.Reference;
        var text = $"{reference.Kind} {facts.Name.Namespace}/{reference.Name}{(target.Section.Length > 0 ? $", port {target.Section}" : "")}";
        if (target.Service is not { } key) return Refused("Invalid", $"{text} is neither a Service nor a ServiceEntry.");
        if (NodeOf(key) is not { Facts: not null } service) return Refused("TargetNotFound", $"{text} does not exist.");
        ParentReference[] waypoints = [.. service.Waypoint.All.Select(static waypoint => new ParentReference
        {
            Group = PolicyTargets.GatewayGroup, Kind = "Gateway", Namespace = waypoint.Name.Namespace, Name = waypoint.Name.Name,
        })];
        if (target.Section.Length > 0 && PortOf(key, target.Section) == 0) return At(waypoints, ("TargetNotFound", $"{key.Kind} {key.Name} has no port of the name {target.Section}."));
        if (WinnerOf(facts, key, target.Section) is { } winner) return At(waypoints, ("Conflicted", $"BackendTLSPolicy {winner} is older, or its name comes first, and for {text} too."));
        return waypoints.Length > 0 ? new(waypoints, text, null)
            : Refused("AncestorNotBound", $"{text} is not bound to a waypoint, so only requests that other services' waypoints send there begin TLS; set the label {MeshLabels.UseWaypoint}.");

        BackendOutcome Refused(string reason, string message) => At([], (reason, message));

        BackendOutcome At(ParentReference[] ancestors, (string, string) refusal) => new(ancestors.Length > 0 ? ancestors :
            [new() { Group = reference.Group ?? "", Kind = reference.Kind, Namespace = facts.Name.Namespace, Name = reference.Name, SectionName = reference.SectionName }], text, refusal);
    }

    /// <returns>Null if none goes before.</returns>
    private ObjectName? WinnerOf(BackendTlsFacts facts, TargetKey service, string section) => graph.BackendTlsByTarget[service]
        .Select(static other => other.Facts).OfType<BackendTlsFacts>()
        .Where(other => BackendTlsFacts.Compare(other, facts) < 0 && other.Targets.Any(target => target.Service == service && target.Section == section))
        .Order(Comparer<BackendTlsFacts>.Create(BackendTlsFacts.Compare)).FirstOrDefault()?.Name;
}
