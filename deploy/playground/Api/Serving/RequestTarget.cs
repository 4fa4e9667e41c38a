using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api.Serving;

/// <summary>What a path of the API means.</summary>
/// <param name="Namespace">Empty for all, or for objects of the whole cluster.</param>
/// <param name="Name">Empty for the collection.</param>
/// <param name="Subresource">Empty for the object itself.</param>
internal sealed record RequestTarget(ResourceKind Kind, KindVersion Version, string Namespace, string Name, string Subresource)
{
    /// <returns>Null if the path is none of an object or a collection that is served.</returns>
    public static RequestTarget? Parse(string path, KindCatalog kinds)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["api", var version, .. var rest] => Parse("", version, rest, kinds),
            ["apis", var group, var version, .. var rest] => Parse(group, version, rest, kinds),
            _ => null,
        };
    }

    private static RequestTarget? Parse(string group, string version, string[] rest, KindCatalog kinds)
    {
        var ns = "";
        // namespaces/a/pods is a collection in a; namespaces/a and namespaces/a/status are the namespace itself.
        if (rest is ["namespaces", var place, var next, ..] && !(group.Length == 0 && next is "status" or "finalize"))
        {
            ns = place;
            rest = rest[2..];
        }
        if (rest.Length is 0 or > 3 || kinds.FindPath(group, version, rest[0]) is not { } found) return null;
        if (ns.Length > 0 && !found.Kind.Namespaced) return null;
        if (ns.Length == 0 && found.Kind.Namespaced && rest.Length > 1) return null;
        return new(found.Kind, found.Version, ns, rest.ElementAtOrDefault(1) ?? "", rest.ElementAtOrDefault(2) ?? "");
    }
}
