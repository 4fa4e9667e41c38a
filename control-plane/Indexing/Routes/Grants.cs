using Ambient.ControlPlane.Indexing.Graph;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>ReferenceGrants: who may refer to what of other namespaces. They add up; without any, nobody may.</summary>
internal sealed class Grants
{
    private readonly Dictionary<string, Dictionary<string, ReferenceGrantSpec>> _byNamespace = [];

    /// <param name="spec">Null for one that is gone, or grants nothing.</param>
    public void Set(ObjectName name, ReferenceGrantSpec? spec)
    {
        if (!_byNamespace.TryGetValue(name.Namespace, out var grants))
        {
            if (spec is null) return;
            _byNamespace[name.Namespace] = grants = [];
        }
        if (spec is not null) grants[name.Name] = spec;
        else if (grants.Remove(name.Name) && grants.Count == 0) _byNamespace.Remove(name.Namespace);
    }

    /// <param name="kind">Of the route, as users write it.</param>
    /// <param name="ns">The route's.</param>
    public bool Permit(string kind, string ns, TargetKey target) =>
        _byNamespace.TryGetValue(target.Name.Namespace, out var grants) && grants.Values.Any(grant =>
            (grant.From ?? []).Any(from => from is { Group: PolicyTargets.GatewayGroup } && from.Kind == kind && from.Namespace == ns)
            && (grant.To ?? []).Any(to => IsAbout(to, target)));

    private static bool IsAbout(GrantTo? to, TargetKey target) =>
        to is not null && to.Kind == target.Kind.ToString() && (to.Name is null or "" || to.Name == target.Name.Name)
        && (target.Kind == TargetKind.ServiceEntry ? to.Group == PolicyTargets.EntryGroup : to.Group is null or "" or "core");
}
