using Ambient.Playground.Api.Storage;
using Ambient.Playground.Api.Tables;

namespace Ambient.Playground.Api.Serving;

/// <summary>Reads collections: as a list at one version, page by page if asked.</summary>
internal sealed class ListEndpoint(ObjectStore store, TableColumns tables)
{
    private readonly Listings _listings = new(limit: 64);

    public Task ListAsync(ApiRequest request)
    {
        var (list, start, token) = Find(request);
        var limit = request.Number("limit") is > 0 and var asked ? (int)Math.Min(asked, int.MaxValue) : int.MaxValue;
        var items = list.Items.Skip(start).Take(limit).ToList();
        var end = start + items.Count;
        var next = end < list.Items.Count ? token(end) : null;
        var view = new ObjectView(request, tables);
        return Responses.WriteAsync(request.Context, view.Many(items, list.Version, next, list.Items.Count - end));
    }

    private (ObjectList List, int Start, Func<int, string> Token) Find(ApiRequest request)
    {
        var target = request.Target;
        var scope = Listings.Scope(target.Kind, target.Namespace, request.Query("labelSelector") ?? "", request.Query("fieldSelector") ?? "");
        if (request.Query("continue") is { Length: > 0 } token) return _listings.Continue(scope, token);
        var list = Select(request, At(request));
        return (list, 0, next => _listings.Keep(scope, list, next));
    }

    private ObjectList At(ApiRequest request)
    {
        var (kind, ns) = (request.Target.Kind, request.Target.Namespace);
        var version = request.Number("resourceVersion");
        switch (request.Query("resourceVersionMatch"))
        {
            case "Exact" when version is > 0:
                return store.ListAt(kind, ns, version.Value);
            case "Exact":
                throw StatusException.BadRequest("resourceVersionMatch: Forbidden: resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
            case null or "" or "NotOlderThan":
                if (version > store.Version) throw StatusException.TooNew(version.Value, store.Version);
                return store.List(kind, ns);
            case var other:
                throw StatusException.BadRequest($"resourceVersionMatch: Unsupported value: \"{other}\": supported values: \"Exact\", \"NotOlderThan\"");
        }
    }

    private static ObjectList Select(ApiRequest request, ObjectList list)
    {
        var (labels, fields) = (request.Labels, request.Fields);
        if (labels.IsEmpty && fields.IsEmpty) return list;
        return list with { Items = [.. list.Items.Where(item => labels.Matches(item.Labels) && fields.Matches(item))] };
    }
}
