using System.Globalization;
using System.Text;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Replies;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Filters;

/// <summary>Sends clients elsewhere, as a route says. Immutable; any thread.</summary>
internal sealed class RedirectAnswer(Redirect redirect)
{
    private readonly TargetRewrite? _path = redirect.Path is { } path ? new(path) : null;

    /// <param name="port">That the client dialled.</param>
    public LocalReply Reply(in RouteRequest request, PathMatch matched, int port)
    {
        var path = _path is null ? request.Path : _path.Apply(request.Path, matched);
        var scheme = redirect.Scheme ?? "http";
        var (host, named) = HostOf(Encoding.ASCII.GetString(request.Authority));
        var location = new StringBuilder(scheme).Append("://").Append(redirect.Host ?? host);
        if (PortFor(scheme, port, named) is { } shown) location.Append(CultureInfo.InvariantCulture, $":{shown}");
        location.Append(Encoding.UTF8.GetString(path));
        if (!request.Query.IsEmpty) location.Append('?').Append(Encoding.UTF8.GetString(request.Query));
        return new(redirect.Status, "") { Fields = [new("location", location.ToString())], Flag = ExchangeFlag.None };
    }

    /// <returns>Null if the scheme says it already.</returns>
    private int? PortFor(string scheme, int dialled, int? named)
    {
        int? port = redirect.PortRule switch
        {
            RedirectPort.Fixed => redirect.Port,
            RedirectPort.OfScheme => null,
            RedirectPort.OfRequest => dialled,
            RedirectPort.None => redirect.Host is null ? named : null,
            _ => redirect.Scheme is null ? dialled : null,
        };
        return port == (scheme == "https" ? 443 : 80) ? null : port;
    }

    private static (string Host, int? Port) HostOf(string authority)
    {
        var colon = authority.LastIndexOf(':');
        if (colon < 0 || authority.EndsWith(']')) return (authority, null);
        return (authority[..colon], int.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null);
    }
}
