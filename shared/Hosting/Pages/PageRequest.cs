using System.Text;
using Ambient.Http1.Heads;

namespace Ambient.Hosting.Pages;

/// <summary>A request for one of the process's own pages. Its body, if any, is read and dropped.</summary>
/// <param name="Query">Without the question mark, as sent.</param>
/// <param name="Accept">All Accept lines, joined by commas; empty if there is none.</param>
/// <param name="AcceptEncoding">Likewise.</param>
public sealed record PageRequest(string Method, string Path, string Query, string Accept, string AcceptEncoding)
{
    /// <summary>The query's parameters in order, percent-decoded; a name without <c>=</c> has an empty value.</summary>
    public IEnumerable<(string Name, string Value)> Parameters => Query
        .Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(static part => part.Split('=', 2))
        .Select(static pair => (Decode(pair[0]), pair.Length > 1 ? Decode(pair[1]) : ""));

    internal static PageRequest From(RequestHead head) => new(
        Encoding.ASCII.GetString(head.Method),
        Encoding.ASCII.GetString(head.Path),
        Encoding.ASCII.GetString(head.Query),
        Joined(head.Fields, "accept"u8),
        Joined(head.Fields, "accept-encoding"u8));

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private static string Joined(FieldSection fields, ReadOnlySpan<byte> name)
    {
        var all = new StringBuilder();
        foreach (var field in fields)
        {
            if (!field.Is(name)) continue;
            if (all.Length > 0) all.Append(',');
            all.Append(Encoding.Latin1.GetString(field.Value));
        }

        return all.ToString();
    }
}
