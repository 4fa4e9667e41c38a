using System.Text.Json;

namespace Ambient.Kubernetes.Client;

internal static class JsonText
{
    /// <summary>For what the server sends: it takes objects of 10,000 levels, and one of them must not make a list of all unreadable.</summary>
    public static readonly JsonReaderOptions Deep = new() { MaxDepth = 10_100 };

    /// <summary>The string that the reader stands on.</summary>
    /// <exception cref="JsonException">It is not UTF-8. (The reader's own method calls that an invalid operation.)</exception>
    public static string ReadText(ref this Utf8JsonReader reader)
    {
        try { return reader.GetString() ?? ""; }
        catch (InvalidOperationException e) { throw new JsonException("a string is not UTF-8", e); }
    }
}
