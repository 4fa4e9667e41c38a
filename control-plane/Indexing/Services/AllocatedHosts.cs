using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>Which hosts of a ServiceEntry are given addresses, because it has none of its own. Pure.</summary>
internal static class AllocatedHosts
{
    /// <returns>Lower case, each once; empty if it has addresses, wants none, or nobody could be reached at one.</returns>
    public static IReadOnlyList<string> Of(Kubernetes.Resources.ServiceEntry entry, IndexOptions options)
    {
        if (!MayHave(entry, options)) return [];
        return [.. (entry.Spec?.Hosts ?? []).Take(ServiceEntryReader.MostHosts).Where(HostNames.IsHost)
            .Select(static host => host.ToLowerInvariant()).Where(host => LeadsSomewhere(host, entry.Spec!.Resolution)).Distinct()];
    }

    public static bool MayHave(Kubernetes.Resources.ServiceEntry entry, IndexOptions options) =>
        options.AllocatedIps && entry.Spec is { Resolution: { Length: > 0 } and not "NONE" } spec && spec.Addresses is not { Count: > 0 }
        && entry.Metadata.Label(MeshLabels.AllocateIps) != "false";

    /// <summary>Allocated addresses lead nowhere for a wildcard, unless a waypoint finds out the name itself.</summary>
    public static bool LeadsSomewhere(string host, string? resolution) => !HostPattern.IsWildcard(host) || resolution == "DYNAMIC_DNS";
}
