using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Schemas;

/// <summary>Reads the binary form in which Go clients send built-in kinds (protobuf behind an envelope) as JSON documents.</summary>
internal static class Protobuf
{
    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <exception cref="FormatException">Not that form, or of a kind that has none here.</exception>
    public static JsonObject Read(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic)) throw new FormatException("the body does not begin as Kubernetes protobuf does");
        var (apiVersion, kind) = ("", "");
        ReadOnlySpan<byte> raw = default;
        var envelope = new ProtobufFields(body[Magic.Length..]);
        while (envelope.Next())
        {
            if (envelope.Number == 1) (apiVersion, kind) = TypeOf(envelope.Bytes);
            else if (envelope.Number == 2) raw = envelope.Bytes;
        }
        if (!SchemaLibrary.BuiltIn.Has(kind)) throw new FormatException($"the kind {kind} cannot be read as protobuf; send JSON");
        var document = ReadObject(SchemaLibrary.BuiltIn.Type(kind), raw, 0);
        document["apiVersion"] = apiVersion;
        document["kind"] = kind;
        return document;
    }

    private static (string ApiVersion, string Kind) TypeOf(ReadOnlySpan<byte> bytes)
    {
        var (apiVersion, kind) = ("", "");
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
        {
            if (fields.Number == 1) apiVersion = Encoding.UTF8.GetString(fields.Bytes);
            else if (fields.Number == 2) kind = Encoding.UTF8.GetString(fields.Bytes);
        }
        return (apiVersion, kind);
    }

    private static JsonObject ReadObject(Schema schema, ReadOnlySpan<byte> bytes, int depth)
    {
        if (depth > Json.MaxDepth) throw new FormatException($"nested deeper than {Json.MaxDepth} levels");
        var result = new JsonObject();
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
        {
            if (schema.Inlined.TryGetValue(fields.Number, out var part))
            {
                foreach (var (name, value) in ReadObject(part, fields.Bytes, depth + 1).ToList()) result[name] = value?.DeepClone();
                continue;
            }
            // What newer clients know and we do not is dropped, as the API server does.
            if (FindField(schema, fields.Number) is ({ } field, { } property)) ReadField(result, field, property, ref fields, depth);
        }
        return result;
    }

    private static (string?, SchemaProperty?) FindField(Schema schema, int number)
    {
        foreach (var (name, property) in schema.Properties)
            if (property.Number == number && !schema.Inlined.Values.Any(part => part.Properties.ContainsKey(name))) return (name, property);
        return (null, null);
    }

    private static void ReadField(JsonObject result, string name, SchemaProperty property, ref ProtobufFields fields, int depth)
    {
        switch (property.Schema)
        {
            case { Type: SchemaType.List, Format: null }:
                if (result[name] is not JsonArray list) result[name] = list = [];
                list.Add(ReadValue(property.Schema.Items!, ref fields, keepsZero: true, depth));
                break;
            case { Type: SchemaType.Map }:
                var map = result.Child(name);
                var (key, value) = ReadEntry(property.Schema.Items!, fields.Bytes, depth);
                map[key] = value;
                break;
            default:
                if (ReadValue(property.Schema, ref fields, property.KeepsZero, depth) is { } read) result[name] = read;
                break;
        }
    }

    private static (string Key, JsonNode? Value) ReadEntry(Schema values, ReadOnlySpan<byte> bytes, int depth)
    {
        var (key, value) = ("", (JsonNode?)null);
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
        {
            if (fields.Number == 1) key = Encoding.UTF8.GetString(fields.Bytes);
            else if (fields.Number == 2) value = ReadValue(values, ref fields, keepsZero: true, depth + 1);
        }
        return (key, value ?? (values.Type == SchemaType.String ? "" : null));
    }

    private static JsonNode? ReadValue(Schema schema, ref ProtobufFields fields, bool keepsZero, int depth)
    {
        switch (schema.Type)
        {
            case SchemaType.String when schema.Format == "date-time":
                return ReadTime(fields.Bytes);
            case SchemaType.String when schema.Format == "byte":
                return Convert.ToBase64String(fields.Bytes);
            case SchemaType.String:
                return fields.Bytes.Length == 0 && !keepsZero ? null : Encoding.UTF8.GetString(fields.Bytes);
            case SchemaType.Integer:
                return fields.Varint == 0 && !keepsZero ? null : (long)fields.Varint;
            case SchemaType.Number:
                return BinaryPrimitives.ReadDoubleLittleEndian(fields.Bytes);
            case SchemaType.Boolean:
                return fields.Varint == 0 && !keepsZero ? null : fields.Varint != 0;
            case SchemaType.IntOrString:
                return schema.Format == "quantity" ? ReadText(fields.Bytes, 1) : ReadIntOrString(fields.Bytes);
            case SchemaType.Object:
                return ReadObject(schema, fields.Bytes, depth + 1);
            case SchemaType.List:
                return ReadWrapped(fields.Bytes);
            default:
                return ReadRaw(fields.Bytes);
        }
    }

    private static JsonNode? ReadTime(ReadOnlySpan<byte> bytes)
    {
        var (seconds, nanoseconds) = (0L, 0L);
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
        {
            if (fields.Number == 1) seconds = (long)fields.Varint;
            else if (fields.Number == 2) nanoseconds = (long)fields.Varint;
        }
        if (seconds == 0 && nanoseconds == 0) return null;
        if (seconds is < -62_135_596_800 or > 253_402_300_799) throw new FormatException("a time is out of range");
        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(Math.Clamp(nanoseconds, 0, 999_999_999) / 100);
        return nanoseconds == 0 ? Timestamps.Write(time) : Timestamps.Precise(time);
    }

    private static JsonNode ReadText(ReadOnlySpan<byte> bytes, int number)
    {
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
            if (fields.Number == number) return Encoding.UTF8.GetString(fields.Bytes);
        return "0";
    }

    private static JsonNode ReadIntOrString(ReadOnlySpan<byte> bytes)
    {
        var (type, number, text) = (0UL, 0L, "");
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
        {
            if (fields.Number == 1) type = fields.Varint;
            else if (fields.Number == 2) number = (long)fields.Varint;
            else if (fields.Number == 3) text = Encoding.UTF8.GetString(fields.Bytes);
        }
        return type == 0 ? number : text;
    }

    private static JsonArray ReadWrapped(ReadOnlySpan<byte> bytes)
    {
        var list = new JsonArray();
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
            if (fields.Number == 1) list.Add((JsonNode)Encoding.UTF8.GetString(fields.Bytes));
        return list;
    }

    private static JsonNode? ReadRaw(ReadOnlySpan<byte> bytes)
    {
        var fields = new ProtobufFields(bytes);
        while (fields.Next())
        {
            if (fields.Number != 1) continue;
            try { return Json.Parse(fields.Bytes); }
            catch (JsonException error) { throw new FormatException($"embedded JSON cannot be read: {error.Message}", error); }
        }
        return null;
    }
}
