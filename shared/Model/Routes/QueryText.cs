using System.Text;

namespace Ambient.Model.Routes;

/// <summary>Finds parameters in a query as it was sent: names and values are compared as they stand, without decoding.</summary>
public static class QueryText
{
    /// <param name="query">Without question mark.</param>
    /// <param name="value">Of the first parameter of that name; empty if it has none.</param>
    public static bool TryFind(ReadOnlySpan<byte> query, string name, out ReadOnlySpan<byte> value)
    {
        foreach (var range in query.Split((byte)'&'))
        {
            var pair = query[range];
            var equals = pair.IndexOf((byte)'=');
            var key = equals < 0 ? pair : pair[..equals];
            if (pair.IsEmpty || !Ascii.Equals(key, name)) continue;
            value = equals < 0 ? default : pair[(equals + 1)..];
            return true;
        }

        value = default;
        return false;
    }
}
