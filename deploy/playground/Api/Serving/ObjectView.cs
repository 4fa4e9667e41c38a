using System.Buffers;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Api.Tables;

namespace Ambient.Playground.Api.Serving;

/// <summary>How one client sees objects: whole, as rows of a table, or their metadata only.</summary>
internal sealed class ObjectView(ApiRequest request, TableColumns tables)
{
    private readonly KindVersion _version = request.Target.Version;
    private readonly string _include = request.Query("includeObject") ?? "Metadata";

    public ReadOnlyMemory<byte> One(StoredObject value, bool withColumns = true) => request.Representation switch
    {
        Representation.Table => Table([value], value.Version, null, withColumns).ToUtf8(),
        Representation.Metadata => Metadata(value.Copy()).ToUtf8(),
        _ => value.As(_version),
    };

    public ReadOnlyMemory<byte> Many(IReadOnlyList<StoredObject> items, long version, string? next, int remaining)
    {
        if (request.Representation == Representation.Table)
        {
            return Table(items, version, next, withColumns: true, remaining).ToUtf8();
        }
        var (apiVersion, kind) = request.Representation == Representation.Metadata
            ? ("meta.k8s.io/v1", "PartialObjectMetadataList") : (request.Target.Kind.ApiVersionOf(_version.Name), request.Target.Kind.ListKind);
        var output = new ArrayBufferWriter<byte>(1024 + items.Sum(item => item.Utf8.Length + 1));
        var head = new JsonObject { ["kind"] = kind, ["apiVersion"] = apiVersion, ["metadata"] = ListMetadata(version, next, remaining) }.ToUtf8();
        output.Write(head.AsSpan(0, head.Length - 1));
        output.Write(",\"items\":["u8);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) output.Write(","u8);
            output.Write(One(items[i]).Span);
        }
        output.Write("]}"u8);
        return output.WrittenMemory;
    }

    /// <summary>Says how far a watch has come.</summary>
    /// <param name="endsInitial">The objects that existed at its start have all been sent.</param>
    public JsonObject Bookmark(long version, bool endsInitial)
    {
        var metadata = new JsonObject { ["resourceVersion"] = Text(version), ["creationTimestamp"] = null };
        if (endsInitial) metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        var (apiVersion, kind) = request.Representation switch
        {
            Representation.Table => ("meta.k8s.io/v1", "Table"),
            Representation.Metadata => ("meta.k8s.io/v1", "PartialObjectMetadata"),
            _ => (request.Target.Kind.ApiVersionOf(_version.Name), request.Target.Kind.Kind),
        };
        return new() { ["kind"] = kind, ["apiVersion"] = apiVersion, ["metadata"] = metadata };
    }

    public static JsonObject Metadata(JsonObject document) => new()
    {
        ["kind"] = "PartialObjectMetadata", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = document["metadata"]?.DeepClone(),
    };

    private JsonObject Table(IReadOnlyList<StoredObject> items, long version, string? next, bool withColumns, int remaining = 0)
    {
        var columns = tables.For(request.Target.Kind, _version);
        var rows = new JsonArray();
        foreach (var item in items)
        {
            var document = item.Copy();
            var row = new JsonObject { ["cells"] = new JsonArray([.. columns.Select(column => column.Cell(document))]) };
            if (_include == "Object") row["object"] = document;
            else if (_include != "None") row["object"] = Metadata(document);
            rows.Add((JsonNode)row);
        }
        return new()
        {
            ["kind"] = "Table", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = ListMetadata(version, next, remaining),
            ["columnDefinitions"] = withColumns ? new JsonArray([.. columns.Select(column => (JsonNode)column.Definition())]) : null, ["rows"] = rows,
        };
    }

    private static JsonObject ListMetadata(long version, string? next, int remaining)
    {
        var metadata = new JsonObject { ["resourceVersion"] = Text(version) };
        if (next is null) return metadata;
        metadata["continue"] = next;
        metadata["remainingItemCount"] = remaining;
        return metadata;
    }

    private static string Text(long version) => version.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
