using Ambient.ControlPlane.Indexing.Destinations;
using Ambient.ControlPlane.Indexing.Routes;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>VirtualService → <see cref="VirtualFacts"/>. Pure.</summary>
/// <remarks>As for routes of Gateway API: a route that cannot be honoured answers its requests with an error, unless nobody can tell which those are.</remarks>
internal static class VirtualServiceReader
{
    private const int MostHosts = 256;

    /// <param name="find">Another, to which it delegates; null if there is none of that name, or it is not ours.</param>
    /// <returns>Null for one that is not about the mesh.</returns>
    public static VirtualFacts? Read(VirtualService value, Func<ObjectName, VirtualService?> find, IndexOptions options, Findings findings)
    {
        var (spec, name) = (value.Spec ?? new(), ObjectName.Of(value));
        var isDelegate = spec is { Problem: null, Hosts: null or { Count: 0 } };
        if (!isDelegate && spec.Gateways is { Count: > 0 } gateways && !gateways.Contains("mesh")) return null;
        var problems = new List<string>();
        if (spec.Problem is { } unreadable) problems.Add($"It cannot be read, so it has no effect: {unreadable}");
        if (isDelegate && (spec.Gateways ?? spec.Tls ?? (object?)spec.Tcp) is not null) problems.Add("gateways, tls and tcp have no effect in a delegate.");
        var limit = LimitOf(value.Metadata, problems);
        var actions = new VirtualActionReader(name.Namespace, options, limit, problems);
        var delegates = new DelegateReader(name, isDelegate, find, options, limit, problems);
        var facts = new VirtualFacts(name, value.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue, HostsOf(spec, name.Namespace, options, problems),
            HostExport.Of(name, spec.ExportTo), new VirtualRuleReader(actions, delegates, problems).Read(spec), default)
        {
            Connections = isDelegate ? default : new ConnectionReader(actions, problems).Read(spec),
            IsDelegate = isDelegate,
            Delegates = (spec.Http ?? []).Select(static route => route.Delegate).OfType<VirtualDelegate>().Select(delegates.NameOf).Distinct().ToEquatableArray(),
            UsedDelegates = delegates.Used.ToEquatableArray(),
        };
        foreach (var problem in problems.Take(Findings.Most)) findings.Add("spec", problem, "Correct it: kubectl edit virtualservice.");
        return facts with { Problems = problems.Distinct().Take(Findings.Most).ToEquatableArray() };
    }

    private static EquatableArray<string> HostsOf(VirtualServiceSpec spec, string ns, IndexOptions options, List<string> problems)
    {
        var hosts = new List<string>();
        if (spec.Hosts is { Count: > MostHosts }) problems.Add($"hosts: {spec.Hosts.Count} entries, the first {MostHosts} are used.");
        foreach (var host in (spec.Hosts ?? []).Take(MostHosts))
        {
            if (MeshHosts.Full(host, ns, options) is { } full) hosts.Add(full);
            else problems.Add($"hosts: {Findings.Quote(host)} is no host name.");
        }
        return hosts.Distinct().ToEquatableArray();
    }

    /// <summary>Of its rates; one that cannot be used is told, and is none.</summary>
    public static RateLimit? LimitOf(ObjectMeta meta, List<string> problems)
    {
        try { return RateLimits.Of(meta); }
        catch (UnusablePartException e)
        {
            problems.Add($"There is no limit of rates: {e.Message}");
            return null;
        }
    }
}
