using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Serving;

/// <summary>Lists that clients read page by page: each is kept as it was at its first page, the newest <paramref name="limit"/> of them.</summary>
internal sealed class Listings(int limit)
{
    private readonly ConcurrentDictionary<long, Kept> _kept = new();
    private long _last;

    /// <summary>Keeps the rest of a list.</summary>
    /// <returns>What the client sends to go on.</returns>
    public string Keep(string scope, ObjectList list, int next)
    {
        var id = Interlocked.Increment(ref _last);
        _kept[id] = new(scope, list);
        _kept.TryRemove(id - limit, out _);
        return Token(id, next);
    }

    /// <summary>Goes on with a kept list.</summary>
    /// <exception cref="StatusException">Expired; BadRequest: not one of our tokens, or of another list.</exception>
    public (ObjectList List, int Start, Func<int, string> Next) Continue(string scope, string token)
    {
        var (id, start) = Read(token);
        if (!_kept.TryGetValue(id, out var kept)) throw StatusException.ContinueExpired();
        if (kept.Scope != scope || start > kept.List.Items.Count) throw StatusException.BadRequest("continue: this token belongs to another list");
        return (kept.List, start, next => Token(id, next));
    }

    public static string Scope(ResourceKind kind, string ns, string labels, string fields) => $"{kind.Resource}\n{ns}\n{labels}\n{fields}";

    private static string Token(long id, int next) => Convert.ToBase64String(Encoding.ASCII.GetBytes($"{id}:{next}")).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static (long Id, int Start) Read(string token)
    {
        try
        {
            var padded = token.Replace('-', '+').Replace('_', '/').PadRight((token.Length + 3) / 4 * 4, '=');
            var parts = Encoding.ASCII.GetString(Convert.FromBase64String(padded)).Split(':');
            if (parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var start)) return (id, start);
        }
        catch (FormatException)
        {
            // Said below.
        }
        throw StatusException.BadRequest("continue: this is no token of a list");
    }

    private sealed record Kept(string Scope, ObjectList List);
}
