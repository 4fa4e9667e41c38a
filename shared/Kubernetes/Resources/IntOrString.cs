using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>A port by number or by name (<c>intstr.IntOrString</c>): exactly one of the two is set.</summary>
[JsonConverter(typeof(IntOrStringConverter))]
public readonly record struct IntOrString
{
    public IntOrString(int number) => Number = number;

    public IntOrString(string text) => Text = text;

    /// <summary>Any 32-bit number: the range is not checked here.</summary>
    public int? Number { get; }

    public string? Text { get; }

    public override string ToString() => Text ?? $"{Number}";
}

internal sealed class IntOrStringConverter : JsonConverter<IntOrString>
{
    public override IntOrString Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt32(out var number) => new(number),
        JsonTokenType.String => new(reader.GetString()!),
        _ => throw new JsonException($"Expected a 32-bit number or a string, found {reader.TokenType}."),
    };

    public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
    {
        if (value.Text is { } text) writer.WriteStringValue(text);
        else writer.WriteNumberValue(value.Number ?? 0);
    }
}
