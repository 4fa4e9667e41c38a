using Ambient.ControlPlane.Indexing.Observation;
using Ambient.ControlPlane.Indexing.Policies;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Telemetry;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>Telemetries and the mesh's configuration → what waypoints tell of requests, and what the status of the former says.</summary>
internal sealed class TelemetryStage(MeshGraph graph)
{
    private readonly Dictionary<ObjectName, TelemetryNode> _nodes = [];

    private MeshTelemetry Mesh => graph.Settings.Config.Telemetry;

    public void Set(Telemetry value)
    {
        var name = ObjectName.Of(value);
        if (!_nodes.TryGetValue(name, out var node))
        {
            _nodes[name] = node = new(name, graph.NamespaceOf(name.Namespace));
            node.Namespace.Traffic.Add(node);
        }
        node.Object = value;
        graph.Queue.Add(node);
    }

    public void Remove(ObjectName name)
    {
        if (!_nodes.TryGetValue(name, out var node)) return;
        node.Object = null;
        graph.Queue.Add(node);
    }

    /// <param name="changed">Services that came or went.</param>
    public void Rebuild(IReadOnlyCollection<ServiceKey> changed)
    {
        PublishDefault();
        if (HasCollector(changed))
            foreach (var node in _nodes.Values) graph.Queue.Add(node);
        var queued = Rebuilds.Take(graph.Queue.Telemetries);
        // Which of a namespace is heard depends on the others.
        foreach (var node in queued.Select(static node => node.Namespace).Distinct().SelectMany(static ns => ns.Traffic.OfType<TelemetryNode>()).ToList()) Build(node);
        foreach (var node in queued) Finish(node);
    }

    private bool HasCollector(IReadOnlyCollection<ServiceKey> changed)
    {
        if (Mesh.Providers.IsEmpty || changed.Count == 0) return false;
        var hosts = Mesh.Providers.Select(provider => HostOf(provider).Host).ToHashSet();
        return changed.Any(service => hosts.Contains(service.Hostname));
    }

    private void PublishDefault()
    {
        var options = graph.Settings.Options;
        var name = $"MeshConfig/{options.SystemNamespace}/{options.ConfigMapName}";
        var tracing = Mesh.DefaultTracing is { } provider && CollectorOf(provider, []) is { } collector ? new TracingSettings { Collector = collector } : null;
        if (Mesh.Percent is { } percent) tracing = (tracing ?? new()) with { Percent = percent };
        graph.Log.Set(name, tracing is null && Mesh.AccessLog is null ? null : new TrafficResource(name, new TelemetryPolicy
        {
            Namespace = options.SystemNamespace, Name = options.ConfigMapName, Scope = TelemetryScope.MeshDefault, Tracing = tracing, AccessLog = Mesh.AccessLog,
        }));
    }

    private void Build(TelemetryNode node)
    {
        var findings = new Findings("Telemetry", node.Name);
        var spec = Seen(node) is { } value ? value.Spec ?? new() : null;
        var facts = spec is null ? null : new TelemetryReader(Mesh).Read(spec, findings);
        Aim(node, spec is null ? [] : [.. ReferencesOf(spec).Select(reference => PolicyTargets.KeyOf(reference, node.Name.Namespace)).OfType<TargetKey>()]);
        var problems = facts?.Problems.ToList() ?? [];
        var refusal = spec is null ? null : RefusalOf(node, spec);
        var policy = spec is null || refusal is not null ? null : PolicyOf(node, spec, facts!, problems);
        graph.Log.Set(node.ResourceName, policy is null ? null : new TrafficResource(node.ResourceName, policy));
        graph.Log.Report(node, findings);
        if (spec is null) graph.Log.Forget(ResourceTypes.Telemetry, node.Name, FieldManagers.WaypointTraffic);
        else SetCondition(node, spec, refusal, problems);
    }

    private Telemetry? Seen(TelemetryNode node) => node.Object is { } value && node.Namespace.IsIncluded && graph.Settings.IsOurs(value) ? value : null;

    private (string Reason, string Message)? RefusalOf(TelemetryNode node, TelemetrySpec spec)
    {
        if (spec.Problem is { } problem) return ("Invalid", $"It cannot be read, so it has no effect: {problem} Correct it: kubectl edit telemetry.");
        if (IsAimed(spec)) return null;
        if (spec.Selector is not null) return ("Invalid", "selector: it selects pods, whose requests only sidecars see, so it has no effect at waypoints; use targetRefs.");
        var speaker = node.Namespace.Traffic.OfType<TelemetryNode>().Where(other => Seen(other) is { } value && Speaks(value.Spec ?? new()))
            .MinBy(static other => (other.Object!.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue, other.Name.Name), OldestFirst)!;
        return speaker == node ? null : ("Conflicted", $"{speaker.Name} is older and for the whole namespace too, so this one has no effect; put them together.");
    }

    private static bool Speaks(TelemetrySpec spec) => spec.Problem is null && spec.Selector is null && !IsAimed(spec);

    private static readonly IComparer<(DateTimeOffset Created, string Name)> OldestFirst = Comparer<(DateTimeOffset Created, string Name)>.Create(static (left, right) =>
        left.Created.CompareTo(right.Created) is not 0 and var order ? order : string.CompareOrdinal(left.Name, right.Name));

    private TelemetryPolicy? PolicyOf(TelemetryNode node, TelemetrySpec spec, TelemetryFacts facts, List<string> problems)
    {
        var ns = node.Name.Namespace;
        var (services, gateways) = new PolicyTargets(graph).Aim(ReferencesOf(spec), ns);
        if (IsAimed(spec) && services.IsEmpty && gateways.IsEmpty) return null;
        return new()
        {
            Namespace = ns,
            Name = node.Name.Name,
            Created = node.Object!.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
            Scope = ScopeOf(spec, ns),
            Services = services,
            Gateways = gateways,
            Tracing = facts.Provider is { } provider ? TracingTo(provider, facts.Tracing!, problems) : facts.Tracing,
            AccessLog = facts.AccessLog,
            Metrics = facts.Metrics,
        };
    }

    // Spans that were meant for somebody else must not go to whom a wider policy names.
    private TracingSettings TracingTo(string provider, TracingSettings tracing, List<string> problems) =>
        CollectorOf(provider, problems) is { } collector ? tracing with { Collector = collector } : tracing with { IsSilent = true };

    private TraceCollector? CollectorOf(string name, List<string> problems)
    {
        if (Mesh.Find(name) is not { } provider)
            problems.Add($"tracing: there is no provider {Findings.Quote(name)} in extensionProviders of the mesh's configuration, so no spans are sent.");
        else if (provider.Kind != "opentelemetry")
            problems.Add($"tracing: {Findings.Quote(name)} is of the kind '{provider.Kind}', so no spans are sent; waypoints speak to opentelemetry only.");
        else if (ServiceOf(provider) is not { } service)
            problems.Add($"tracing: the mesh knows no service {Findings.Quote(provider.Service)}, so no spans are sent to {Findings.Quote(name)}.");
        else return new(service, provider.Port, provider.Path);
        return null;
    }

    private ServiceKey? ServiceOf(TelemetryProvider provider)
    {
        var (ns, host) = HostOf(provider);
        if (ns is null) return graph.Directory.Meant(host, graph.Settings.Options.SystemNamespace)?.Key;
        var key = new ServiceKey(ns, host);
        return graph.Directory.Find(key) is null ? null : key;
    }

    private (string? Namespace, string Host) HostOf(TelemetryProvider provider)
    {
        var slash = provider.Service.IndexOf('/');
        var ns = slash < 0 ? null : provider.Service[..slash];
        return (ns, MeshHosts.Full(provider.Service[(slash + 1)..], ns ?? graph.Settings.Options.SystemNamespace, graph.Settings.Options) ?? "");
    }

    private void SetCondition(TelemetryNode node, TelemetrySpec spec, (string Reason, string Message)? refusal, List<string> problems)
    {
        var (generation, targets) = (node.Object!.Metadata.Generation, new PolicyTargets(graph));
        var condition = refusal is var (reason, message)
            ? TelemetryConditions.Refused(reason, message, generation)
            : TelemetryConditions.Of(ScopeOf(spec, node.Name.Namespace), node.Name.Namespace, problems,
                [.. ReferencesOf(spec).Select(reference => targets.Resolve(reference, node.Name.Namespace))], generation);
        graph.Log.Set(new(ResourceTypes.Telemetry, node.Name, FieldManagers.WaypointTraffic, generation, [condition]), node.Object.Status?.Conditions, PolicyConditions.WaypointTypes);
    }

    private TelemetryScope ScopeOf(TelemetrySpec spec, string ns) =>
        IsAimed(spec) ? TelemetryScope.Target : ns == graph.Settings.RootNamespace ? TelemetryScope.Mesh : TelemetryScope.Namespace;

    private static bool IsAimed(TelemetrySpec spec) => ReferencesOf(spec).Any();

    private static IEnumerable<PolicyTargetReference> ReferencesOf(TelemetrySpec spec) =>
        new[] { spec.TargetRef }.Concat(spec.TargetRefs ?? []).OfType<PolicyTargetReference>();

    private void Aim(TelemetryNode node, TargetKey[] targets)
    {
        foreach (var target in node.Targets) graph.TelemetriesByTarget.Remove(target, node);
        foreach (var target in targets) graph.TelemetriesByTarget.Add(target, node);
        node.Targets = targets;
    }

    private void Finish(TelemetryNode node)
    {
        if (node.Object is not null) return;
        _nodes.Remove(node.Name);
        node.Namespace.Traffic.Remove(node);
        graph.DropIfEmpty(node.Namespace);
    }
}
