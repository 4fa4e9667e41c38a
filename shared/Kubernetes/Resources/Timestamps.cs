using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary><c>metav1.Time</c>: RFC 3339 in UTC, whole seconds when written.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => Timestamps.Read(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        Timestamps.Write(writer, value, "yyyy-MM-dd'T'HH:mm:ss'Z'");
}

/// <summary><c>metav1.MicroTime</c>: the API server refuses any other number of decimals than six.</summary>
internal sealed class MicroTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => Timestamps.Read(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        Timestamps.Write(writer, value, "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'");
}

internal static class Timestamps
{
    public static DateTimeOffset Read(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out var time)
            ? time.ToUniversalTime()
            : throw new JsonException("Expected a time such as \"2026-01-31T12:00:00Z\" (RFC 3339).");

    public static void Write(Utf8JsonWriter writer, DateTimeOffset value, string format) =>
        writer.WriteStringValue(value.ToUniversalTime().ToString(format, CultureInfo.InvariantCulture));
}
