using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Tables;

/// <summary>The columns of each kind.</summary>
internal sealed class TableColumns
{
    private readonly TimeProvider _time;
    private readonly Dictionary<string, TableColumn[]> _builtIn;

    public TableColumns(TimeProvider time)
    {
        _time = time;
        _builtIn = new MainColumns(this).All.Concat(new WorkloadColumns(this).All).Concat(new ClusterColumns(this).All).ToDictionary();
    }

    public IReadOnlyList<TableColumn> For(ResourceKind kind, KindVersion version)
    {
        if (_builtIn.TryGetValue(kind.Resource, out var columns)) return columns;
        return version.Columns.Count == 0 ? [Name, Age] : [Name, .. version.Columns.Select(Custom)];
    }

    public static TableColumn Name { get; } = new("Name", "string", 0, document => document.Text("metadata", "name"), "name");

    public TableColumn Age => new("Age", "string", 0, document => AgeOf(document.At("metadata", "creationTimestamp")));

    public static TableColumn Text(string name, Func<JsonObject, JsonNode?> read, int priority = 0) => new(name, "string", priority, read);

    public static TableColumn Path(string name, params string[] path) => new(name, "string", 0, document => document.At(path).Scalar() ?? "<none>");

    public static TableColumn Number(string name, Func<JsonObject, JsonNode?> read, int priority = 0) => new(name, "integer", priority, read);

    public string AgeOf(JsonNode? time) =>
        Timestamps.Read(time.Text()) is { } start ? Durations.Short(_time.GetUtcNow() - start) : "<unknown>";

    public string Between(JsonNode? start, JsonNode? end) =>
        Timestamps.Read(start.Text()) is { } from ? Durations.Short((Timestamps.Read(end.Text()) ?? _time.GetUtcNow()) - from) : "";

    private TableColumn Custom(PrinterColumn column)
    {
        var path = JsonPath.Parse(column.JsonPath);
        return new(column.Name, column.Type, column.Priority, document => Cell(column, path.Find(document)), column.Format, column.Description);
    }

    private JsonNode? Cell(PrinterColumn column, IReadOnlyList<JsonNode?> found)
    {
        if (found.Count == 0 || found[0] is null) return null;
        return column.Type switch
        {
            "date" => AgeOf(found[0]),
            "integer" or "number" or "boolean" when found[0]!.Scalar() is not null => found[0]!.DeepClone(),
            _ when found.Count > 1 => string.Join(",", found.Select(value => value.Scalar() ?? value?.ToText())),
            _ => found[0].Scalar() ?? found[0]!.ToText(),
        };
    }
}
