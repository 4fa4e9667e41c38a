using Ambient.ControlPlane.Indexing.Selection;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Traffic;

namespace Ambient.ControlPlane.Indexing.Destinations;

/// <summary>DestinationRule → <see cref="DestinationFacts"/>. Pure.</summary>
/// <remarks>
/// What asks for another kind of connection than the mesh makes leaves the destination without any; so does a rule that cannot be read.
/// Other settings that are not honoured are told, and the rest is.
/// </remarks>
internal static class DestinationReader
{
    private const int MostSubsets = 256, MostPorts = 64, LongestName = 253;

    public static DestinationFacts Read(DestinationRule rule, IndexOptions options, Findings findings)
    {
        var (spec, name) = (rule.Spec ?? new(), ObjectName.Of(rule));
        var problems = new List<string>();
        var host = MeshHosts.Full(spec.Host, name.Namespace, options);
        if (host is null) problems.Add($"host: {Findings.Quote(spec.Host)} is no host name.");
        if (spec.WorkloadSelector is not null) problems.Add("workloadSelector: it is about sidecars, so the rule has no effect at waypoints.");
        var compiler = new TrafficPolicyCompiler(problems);
        var facts = new DestinationFacts(name, spec.WorkloadSelector is null ? host ?? "" : "", rule.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
            HostExport.Of(name, spec.ExportTo), null, default, default, default);
        if (spec.Problem is { } unreadable)
        {
            problems.Add($"It cannot be read, so its services are not reached: {unreadable}");
            facts = facts with { Policy = new() { Unusable = $"DestinationRule {name} cannot be read" } };
        }
        else
        {
            var ports = PortsOf(spec.TrafficPolicy, compiler, "trafficPolicy", problems);
            facts = facts with
            {
                Policy = spec.TrafficPolicy is { } policy ? compiler.Compile(PolicyParts.Of(policy), "trafficPolicy") : null,
                Ports = ports.Select(port => new PortPolicy(port.Key, compiler.Compile(port.Value, $"trafficPolicy.portLevelSettings[{port.Key}]"))).ToEquatableArray(),
                Subsets = SubsetsOf(spec, ports, compiler, problems),
            };
        }
        foreach (var problem in problems.Take(Findings.Most)) findings.Add("spec", problem, "Correct it: kubectl edit destinationrule.");
        return facts with { Problems = problems.Distinct().Take(Findings.Most).ToEquatableArray() };
    }

    private static SortedDictionary<ushort, PolicyParts> PortsOf(TrafficPolicySpec? policy, TrafficPolicyCompiler compiler, string field, List<string> problems)
    {
        var ports = new SortedDictionary<ushort, PolicyParts>();
        var given = policy?.PortLevelSettings ?? [];
        if (given.Count > MostPorts) problems.Add($"{field}.portLevelSettings: {given.Count} entries, the first {MostPorts} are used.");
        foreach (var settings in given.OfType<PortTrafficPolicySpec>().Take(MostPorts))
        {
            if (settings.Port?.Number is not (> 0 and <= ushort.MaxValue)) problems.Add($"{field}.portLevelSettings: {settings.Port?.Number} is no port.");
            else if (!ports.TryAdd((ushort)settings.Port.Number, PolicyParts.Of(settings))) problems.Add($"{field}.portLevelSettings: port {settings.Port.Number} stands there twice; the first is used.");
        }
        return ports;
    }

    private static EquatableArray<SubsetFacts> SubsetsOf(
        DestinationRuleSpec spec, SortedDictionary<ushort, PolicyParts> rulePorts, TrafficPolicyCompiler compiler, List<string> problems)
    {
        var subsets = new List<SubsetFacts>();
        var given = spec.Subsets ?? [];
        if (given.Count > MostSubsets) problems.Add($"subsets: {given.Count} entries, the first {MostSubsets} are used.");
        foreach (var subset in given.OfType<SubsetSpec>().Take(MostSubsets))
        {
            var field = $"subsets[{subset.Name}].trafficPolicy";
            if (subset.Name.Length is 0 or > LongestName || subsets.Exists(known => known.Name == subset.Name))
            {
                problems.Add($"subsets: {Findings.Quote(subset.Name)} is no name, or stands there twice; the first is used.");
                continue;
            }
            if (subset.TrafficPolicy is not { } own)
            {
                subsets.Add(new(subset.Name, LabelQuery.Of(subset.Labels), null, default));
                continue;
            }
            // Of a subset each part counts that it gives, and else the rule's; a port's own settings take the place of all.
            var ports = PortsOf(own, compiler, field, problems);
            foreach (var (port, parts) in rulePorts) ports.TryAdd(port, parts.With(PolicyParts.Of(own)));
            var whole = spec.TrafficPolicy is { } policy ? PolicyParts.Of(policy).With(PolicyParts.Of(own)) : PolicyParts.Of(own);
            subsets.Add(new(subset.Name, LabelQuery.Of(subset.Labels), compiler.Compile(whole, field),
                ports.Select(port => new PortPolicy(port.Key, compiler.Compile(port.Value, $"{field}.portLevelSettings[{port.Key}]"))).ToEquatableArray()));
        }
        return subsets.ToEquatableArray();
    }
}
