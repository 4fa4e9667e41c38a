using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api.Schemas;

/// <summary>The built-in kinds and their types, read from the <c>.schema</c> files of this assembly.</summary>
public sealed class SchemaLibrary
{
    // Before BuiltIn, which uses it.
    private static readonly Schema Text = new() { Type = SchemaType.String };

    private readonly Dictionary<string, Schema> _types = new(StringComparer.Ordinal);
    private readonly List<ResourceKind> _kinds = [];

    private SchemaLibrary()
    {
    }

    public static SchemaLibrary BuiltIn { get; } = Load();

    public IReadOnlyList<ResourceKind> Kinds => _kinds;

    public bool Has(string type) => _types.ContainsKey(type);

    public Schema Type(string name) => _types.TryGetValue(name, out var type)
        ? type : throw new FormatException($"No schema file has a type {name}.");

    private static SchemaLibrary Load()
    {
        var library = new SchemaLibrary();
        var assembly = typeof(SchemaLibrary).Assembly;
        var files = assembly.GetManifestResourceNames().Where(name => name.StartsWith("schemas/", StringComparison.Ordinal));
        var blocks = new List<(string Package, SchemaText Head, List<SchemaText> Fields)>();
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(file)!);
            Cut(reader.ReadToEnd(), blocks);
        }
        // All names first: types refer to each other, and to themselves.
        foreach (var (package, head, _) in blocks) library.Declare(package, head);
        foreach (var (_, head, fields) in blocks) library.Fill(head, fields);
        foreach (var type in library._types.Values)
            foreach (var (name, property) in type.Inlined.Values.SelectMany(part => part.Properties)) type.Properties.TryAdd(name, property);
        return library;
    }

    private static void Cut(string text, List<(string, SchemaText, List<SchemaText>)> blocks)
    {
        var package = "";
        foreach (var line in text.Split('\n').Where(line => line.Trim().Length > 0 && !line.StartsWith('#')))
        {
            var words = SchemaText.Parse(line);
            if (words.IsField) blocks[^1].Item3.Add(words);
            else if (words.Words[0] == "package") package = words.Words[1];
            else blocks.Add((package, words, []));
        }
    }

    private void Declare(string package, SchemaText head)
    {
        var isKind = head.Words[0] == "kind";
        var name = head.Words[isKind ? 2 : 1];
        var schema = new Schema
        {
            Type = SchemaType.Object, Name = $"{package}.{name}", Description = head.Description,
            IsAtomic = head.Has("atomic"), PreservesUnknown = head.Has("open"),
        };
        if (!_types.TryAdd(name, schema)) throw new FormatException($"Two schema types are called {name}.");
        if (isKind) _kinds.Add(Kind(head, schema));
    }

    private static ResourceKind Kind(SchemaText head, Schema schema)
    {
        var apiVersion = head.Words[1].Split('/');
        var (group, version) = apiVersion.Length == 1 ? ("", apiVersion[0]) : (apiVersion[0], apiVersion[1]);
        return new(group, head.Words[2], head.Words[3], head.Has("namespaced"), [new(version, schema, [])])
        {
            ShortNames = head.Attributes("short"), Categories = head.Attributes("categories"), IsQuestion = head.Has("question"),
            HasStatus = head.Has("status"),
            Scale = head.Has("scale") ? new(".spec.replicas", ".status.replicas", ".status.selector") : null,
        };
    }

    private void Fill(SchemaText head, List<SchemaText> fields)
    {
        var isKind = head.Words[0] == "kind";
        var schema = _types[head.Words[isKind ? 2 : 1]];
        if (isKind)
        {
            schema.Properties["apiVersion"] = new(Text, "Version of this representation of the object, as group/version.", false, null);
            schema.Properties["kind"] = new(Text, "What the object is.", false, null);
            schema.Properties["metadata"] = new(Type("ObjectMeta"), "Name, labels and life of the object.", false, null) { Number = 1 };
        }
        foreach (var field in fields)
        {
            var written = field.Words[1];
            var required = written.EndsWith('!');
            var type = Parse(required ? written[..^1] : written, field);
            if (field.Has("inline")) schema.Inlined[field.BinaryNumber] = type;
            else schema.Properties[field.Words[0]] = new(type, field.Description, required, field.Default) { Number = field.BinaryNumber, KeepsZero = field.Has("zero") };
        }
    }

    private Schema Parse(string type, SchemaText field)
    {
        if (type.StartsWith("[]", StringComparison.Ordinal))
        {
            var merge = field.Attribute("merge") ?? (field.Has("set") ? "" : null);
            var keys = field.Attributes("keys");
            if (keys.Length == 0 && merge is { Length: > 0 }) keys = [merge];
            return new()
            {
                Type = SchemaType.List, Items = Parse(type[2..], field), MergeKey = merge, IsSet = field.Has("set"),
                ListKeys = field.Has("atomic") ? [] : keys, RetainsKeys = field.Has("retain"),
            };
        }
        if (type.StartsWith("map[", StringComparison.Ordinal))
            return new() { Type = SchemaType.Map, Items = Parse(type[4..^1], field), IsAtomic = field.Has("atomic") };
        return type switch
        {
            "string" => new() { Type = SchemaType.String, Allowed = field.Attribute("enum")?.Split(',') },
            "bytes" => new() { Type = SchemaType.String, Format = "byte" },
            "time" => new() { Type = SchemaType.String, Format = "date-time", Nullable = true },
            "microTime" => new() { Type = SchemaType.String, Format = "date-time", Nullable = true },
            "strings" => new() { Type = SchemaType.List, Items = Text, Format = "wrapped" },
            "raw" => Schema.Anything,
            "long" => new() { Type = SchemaType.Integer, Minimum = field.Number("min"), Maximum = field.Number("max"), Format = "int64" },
            "integer" => new() { Type = SchemaType.Integer, Minimum = field.Number("min"), Maximum = field.Number("max"), Format = "int32" },
            "number" => new() { Type = SchemaType.Number },
            "boolean" => new() { Type = SchemaType.Boolean },
            "intOrString" or "quantity" => new() { Type = SchemaType.IntOrString, Format = type == "quantity" ? "quantity" : null },
            "any" => Schema.Anything,
            _ => Type(type),
        };
    }
}
