using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>The http routes of a VirtualService → <see cref="VirtualRule"/>s, in the order in which they are tried. Pure.</summary>
/// <param name="problems">Told what is not honoured.</param>
internal sealed class VirtualRuleReader(VirtualActionReader actions, DelegateReader delegates, List<string> problems)
{
    private const int MostRoutes = 1000, MostMatches = 4000;

    private readonly List<VirtualRule> _rules = [];
    private int _routes, _matches;
    private bool _isOver;

    public EquatableArray<VirtualRule> Read(VirtualServiceSpec spec)
    {
        foreach (var part in PartsOf(spec))
        {
            if (Add(part)) continue;
            problems.Add($"http: more than {MostRoutes} routes or {MostMatches} matches, with those of delegates; the rest has no effect.");
            break;
        }
        return _rules.ToEquatableArray();
    }

    private IEnumerable<VirtualPart> PartsOf(VirtualServiceSpec spec)
    {
        foreach (var (index, route) in (spec.Http ?? []).Index())
        {
            var label = VirtualPart.LabelOf(route, index);
            if (_isOver) problems.Add($"{label}: a route before it takes every request, so it has no effect.");
            var part = new VirtualPart(route, VirtualMatchReader.ReadAll(route, label, problems), label, actions);
            if (part.Matches.Count == 0) continue;
            foreach (var one in route.Delegate is null ? [part] : delegates.PartsOf(part)) yield return one;
        }
    }

    /// <returns>False if it is one too many.</returns>
    private bool Add(VirtualPart part)
    {
        _matches += part.Matches.Count;
        if (++_routes > MostRoutes || _matches > MostMatches) return false;
        _isOver |= part.Matches.Contains(RouteMatch.Everything);
        _rules.AddRange(part.Actions.Read(part.Route, part.Matches, part.Label));
        return true;
    }
}
