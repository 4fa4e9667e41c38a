using System.Text;

namespace Ambient.Model.Routes;

/// <summary>Where an entry comes from, for entries that match equally well.</summary>
/// <param name="Created">Of the user's object.</param>
/// <param name="Name"><c>namespace/name</c> of the object.</param>
/// <param name="Rule">Number of the rule in its object.</param>
public readonly record struct RouteOrigin(DateTimeOffset Created, string Name, int Rule);

/// <summary>The order in which Gateway API wants its matches tried (HTTPRouteRule.matches): the more specific first, then the older.</summary>
/// <remarks>Where regular expressions stand is left open there; here they come after every literal path, the longer pattern first.</remarks>
public sealed class RoutePrecedence : IComparer<(RouteMatch Match, RouteOrigin Origin)>
{
    public static readonly RoutePrecedence Instance = new();

    public int Compare((RouteMatch Match, RouteOrigin Origin) x, (RouteMatch Match, RouteOrigin Origin) y)
    {
        var order = Kind(x.Match).CompareTo(Kind(y.Match));
        if (order == 0) order = Length(y.Match).CompareTo(Length(x.Match));
        if (order == 0) order = (y.Match.Method is not null).CompareTo(x.Match.Method is not null);
        if (order == 0) order = y.Match.Headers.Count.CompareTo(x.Match.Headers.Count);
        if (order == 0) order = y.Match.Query.Count.CompareTo(x.Match.Query.Count);
        if (order == 0) order = x.Origin.Created.CompareTo(y.Origin.Created);
        if (order == 0) order = string.CompareOrdinal(x.Origin.Name, y.Origin.Name);
        return order != 0 ? order : x.Origin.Rule.CompareTo(y.Origin.Rule);
    }

    private static int Kind(RouteMatch match) => match.Path.Kind switch
    {
        PathMatchKind.Exact => 0,
        PathMatchKind.Regex => 2,
        _ => 1,
    };

    private static int Length(RouteMatch match) => Encoding.UTF8.GetByteCount(match.Path.Text);
}
