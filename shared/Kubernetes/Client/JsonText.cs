using System.Text.Json;

namespace Ambient.Kubernetes.Client;

internal static class JsonText
{
    /// <summary>The string that the reader stands on.</summary>
    /// <exception cref="JsonException">It is not UTF-8. (The reader's own method calls that an invalid operation.)</exception>
    public static string ReadText(ref this Utf8JsonReader reader)
    {
        try { return reader.GetString() ?? ""; }
        catch (InvalidOperationException e) { throw new JsonException("a string is not UTF-8", e); }
    }
}
