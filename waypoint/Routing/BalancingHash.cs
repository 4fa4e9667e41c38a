using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.Waypoint.Inbound;

namespace Ambient.Waypoint.Routing;

/// <summary>What requests have in common that are to go to the same server.</summary>
internal static class BalancingHash
{
    /// <returns>0 if there is nothing to go by.</returns>
    public static ulong Of(HashKey? key, in RouteRequest request, Client client)
    {
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
        return found.IsEmpty ? 0 : HashKeys.Of(found);
    }
}
