using System.Globalization;
using System.Text;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.Waypoint.Inbound;

namespace Ambient.Waypoint.Routing;

/// <summary>What requests have in common that are to go to the same server.</summary>
internal static class BalancingHash
{
    /// <param name="random">For the value of a cookie that is made.</param>
    /// <param name="cookie">What the client is given, so that its next requests are known by it; null if there is no need.</param>
    /// <returns>0 if there is nothing to go by.</returns>
    public static ulong Of(HashKey? key, in RouteRequest request, Client client, Random random, out HeaderValue? cookie)
    {
        cookie = null;
        if (key is null) return 0;
        if (key.Kind == HashKeyKind.SourceIp)
        {
            Span<byte> address = stackalloc byte[16];
            return client.Address.Address.TryWriteBytes(address, out var length) ? HashKeys.Of(address[..length]) : 0;
        }

        var found = key.Kind switch
        {
            HashKeyKind.Header => request.Fields.TryGet(key.Name, out var header) ? header : default,
            HashKeyKind.Cookie => request.Fields.TryGet("cookie", out var cookies) ? CookieText.Find(cookies, key.Name) : default,
            _ => QueryText.TryFind(request.Query, key.Name, out var parameter) ? parameter : default,
        };
        if (!found.IsEmpty) return HashKeys.Of(found);
        if (key is not { Kind: HashKeyKind.Cookie, CookieLifetime: { } lifetime }) return 0;
        var made = random.NextInt64().ToString("x16", CultureInfo.InvariantCulture);
        cookie = new("set-cookie", CookieText.Write(key.Name, made, key.CookiePath, lifetime));
        return HashKeys.Of(Encoding.ASCII.GetBytes(made));
    }
}
