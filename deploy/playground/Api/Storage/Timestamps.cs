using System.Globalization;
using System.Text.Json.Nodes;

namespace Ambient.Playground.Api.Storage;

/// <summary>Times as the API writes them: RFC 3339, UTC, whole seconds.</summary>
internal static class Timestamps
{
    public static JsonNode Write(DateTimeOffset time) => Text(time);

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>With microseconds, as leases and events carry them.</summary>
    public static string Precise(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    public static DateTimeOffset? Read(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
