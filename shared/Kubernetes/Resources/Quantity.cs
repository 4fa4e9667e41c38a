using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>An amount of a resource as it is written (<c>500m</c>, <c>1Gi</c>): carried, never computed with.</summary>
[JsonConverter(typeof(QuantityConverter))]
public readonly record struct Quantity(string Text)
{
    public override string ToString() => Text;
}

internal sealed class QuantityConverter : JsonConverter<Quantity>
{
    // People write "cpu: 1" as often as "cpu: '1'".
    public override Quantity Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => new(reader.GetString()!),
        JsonTokenType.Number => new(Encoding.ASCII.GetString(reader.ValueSpan)),
        _ => throw new JsonException($"Expected a quantity such as \"500m\", found {reader.TokenType}."),
    };

    public override void Write(Utf8JsonWriter writer, Quantity value, JsonSerializerOptions options) => writer.WriteStringValue(value.Text);
}
