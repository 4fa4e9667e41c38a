using System.Text;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Api.Discovery;

/// <summary>OpenAPI version 2 in the binary form that kubectl asks for: messages of gnostic's openapi.v2, by field number.</summary>
internal static class OpenApiBinary
{
    public static byte[] Write(JsonObject document)
    {
        var output = new Message();
        output.Text(1, document.Text("swagger"));
        output.Part(2, info =>
        {
            info.Text(1, document.Text("info", "title"));
            info.Text(2, document.Text("info", "version"));
        });
        output.Part(8, paths => Paths(paths, document.ObjectAt("paths")));
        output.Part(9, definitions => Named(definitions, document.ObjectAt("definitions")));
        return output.ToArray();
    }

    // Clients look here only for which parameters a kind's patches take.
    private static void Paths(Message output, JsonObject? paths)
    {
        foreach (var (path, item) in paths ?? [])
        {
            if (item.ObjectAt("patch") is not { } patch) continue;
            output.Part(2, entry =>
            {
                entry.Text(1, path);
                entry.Part(2, value => value.Part(8, operation => Operation(operation, patch)));
            });
        }
    }

    private static void Operation(Message output, JsonObject operation)
    {
        foreach (var parameter in operation.ObjectsAt("parameters"))
            output.Part(8, item => item.Part(1, one => one.Part(2, simple => simple.Part(3, query =>
            {
                query.Text(2, "query");
                query.Text(4, parameter.Text("name"));
                query.Text(5, "string");
            }))));
        Extensions(output, 13, operation);
    }

    private static void Extensions(Message output, int number, JsonObject source)
    {
        foreach (var (name, value) in source)
            if (name.StartsWith("x-", StringComparison.Ordinal) && value is not null) output.Part(number, entry =>
            {
                entry.Text(1, name);
                entry.Part(2, any => any.Text(2, value.ToText()));
            });
    }

    private static void Named(Message output, JsonObject? schemas)
    {
        foreach (var (name, schema) in schemas ?? [])
        {
            output.Part(1, entry =>
            {
                entry.Text(1, name);
                entry.Part(2, value => Schema(value, schema as JsonObject ?? []));
            });
        }
    }

    private static void Schema(Message output, JsonObject schema)
    {
        // A description beside a reference is wrapped in version 3; here both may stand.
        var reference = schema.Text("$ref") ?? schema.ObjectsAt("allOf").Select(part => part.Text("$ref")).FirstOrDefault();
        output.Text(1, reference);
        output.Text(2, schema.Text("format"));
        output.Text(4, schema.Text("description"));
        foreach (var name in schema.TextsAt("required")) output.Text(19, name);
        var open = schema.Flag("x-kubernetes-preserve-unknown-fields");
        if (schema.ObjectAt("additionalProperties") is { } values) output.Part(21, item => item.Part(1, value => Schema(value, values)));
        if (reference is null && !(open && schema["properties"] is null)) output.Part(22, type => type.Text(1, schema.Text("type") ?? "object"));
        if (schema.ObjectAt("items") is { } items) output.Part(23, item => item.Part(1, value => Schema(value, items)));
        // Readers of this version would refuse what an open type does not list.
        if (!open && schema.ObjectAt("properties") is { } properties) output.Part(25, all => Named(all, properties));
        Extensions(output, 31, schema);
    }

    private sealed class Message
    {
        private readonly MemoryStream _bytes = new();

        public byte[] ToArray() => _bytes.ToArray();

        public void Text(int number, string? value)
        {
            if (value is { Length: > 0 }) Bytes(number, Encoding.UTF8.GetBytes(value));
        }

        public void Part(int number, Action<Message> write)
        {
            var part = new Message();
            write(part);
            Bytes(number, part.ToArray());
        }

        private void Bytes(int number, byte[] value)
        {
            Varint((uint)number << 3 | 2);
            Varint((uint)value.Length);
            _bytes.Write(value);
        }

        private void Varint(uint value)
        {
            for (; value >= 0x80; value >>= 7) _bytes.WriteByte((byte)(value | 0x80));
            _bytes.WriteByte((byte)value);
        }
    }
}
