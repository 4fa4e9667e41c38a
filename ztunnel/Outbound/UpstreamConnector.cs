using System.Net;
using Ambient.Hbone.Client;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Tunnels;
using Ambient.Model.Connections;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Outbound;

/// <summary>Route → open stream: plain TCP, a stream of a pooled tunnel, or a tunnel within such a stream.</summary>
/// <param name="client">The application's end of the captured connection.</param>
internal sealed class UpstreamConnector(PodWorker pod, IPEndPoint client)
{
    private readonly string _traceParent = TraceParent.New(pod.Worker.Random);

    /// <summary>The route with an address to dial: itself, unless its upstream is known by its host name alone.</summary>
    public async ValueTask<(Route, UpstreamFailure?)> ResolveAsync(Route route)
    {
        if (route.HostToResolve is not { } host) return (route, null);
        pod.Rules.Metrics.CountLookup(route.Request.Source, host);
        return await pod.Rules.Hosts.ResolveAsync(host, route.PreferredFamily) is { } address
            ? (route.At(address), null)
            : (route, new(ReasonCode.NameNotResolved, $"{host} has no address", MayRetry: true));
    }

    /// <param name="route">Resolved.</param>
    /// <param name="patience">Time for the next hop to show a sign of life, when there are others to try; null = the usual limits.</param>
    public ValueTask<(Upstream? Upstream, UpstreamFailure? Failure)> ConnectAsync(Route route, TimeSpan? patience) => route.Protocol switch
    {
        RouteProtocol.Tcp => ConnectTcpAsync(route.NextHop!, patience ?? pod.Rules.ConnectTimeout),
        RouteProtocol.Hbone => ConnectTunnelAsync(route, patience),
        _ => ConnectDoubleTunnelAsync(route, patience),
    };

    private async ValueTask<(Upstream?, UpstreamFailure?)> ConnectTcpAsync(IPEndPoint to, TimeSpan limit)
    {
        var (socket, failure) = await pod.DialAsync(to, limit);
        return socket is null ? Failed(ConnectReasons.Of(failure), failure.Describe(to), mayRetry: true) : (new(socket, null), null);
    }

    private async ValueTask<(Upstream?, UpstreamFailure?)> ConnectTunnelAsync(Route route, TimeSpan? patience)
    {
        var connected = await pod.Pool.ConnectAsync(KeyOf(route), RequestOf(route, null), patience);
        return connected.Stream is { } stream ? (new(stream, stream.Tunnel.Peer.Id), null) : Failed(connected.Failure!);
    }

    /// <summary>Across networks: the gateway sees only the outer tunnel; the inner one ends at the service. Never lent to others, or all would reach one endpoint.</summary>
    private async ValueTask<(Upstream?, UpstreamFailure?)> ConnectDoubleTunnelAsync(Route route, TimeSpan? patience)
    {
        var outer = await pod.Pool.ConnectAsync(KeyOf(route), RequestOf(route, null), patience);
        if (outer.Stream is not { } wire) return Failed(outer.Failure!);

        var (identity, missing) = await pod.Rules.Identities.FindAsync(route.Request.Source.Identity);
        if (identity is null)
        {
            wire.Dispose();
            return Failed(ReasonCode.IdentityUnavailable, missing!, mayRetry: false);
        }
        var (tunnel, failure) = await pod.Dialer.SecureAsync(wire, identity, [.. route.ExpectedInnerPeers], $"{route.Authority} behind {route.NextHop}");
        if (tunnel is null) return Failed(failure!);
        pod.Pool.Keep(tunnel);
        return await ConnectInnerAsync(tunnel, route);
    }

    private async ValueTask<(Upstream?, UpstreamFailure?)> ConnectInnerAsync(Tunnel tunnel, Route route)
    {
        if (tunnel.TryConnect(RequestOf(route, pod.Rules.Network)) is not { } stream) // it is ours alone: it is ending already
        {
            tunnel.Close(TunnelEnd.Local);
            return Failed(ReasonCode.TunnelBroken, $"{route.Authority} ended the inner tunnel with its handshake", mayRetry: true);
        }
        var answer = await stream.WaitAnswerAsync(pod.Rules.Tunnels.AnswerTimeout);
        if (answer is { Status: 200 })
            return (new(stream, tunnel.Peer.Id, Claims.Of(answer.Baggage), tunnel), null);

        tunnel.Close(TunnelEnd.Local);
        return answer is null
            ? Failed(ReasonCode.TunnelBroken, $"{route.Authority} did not answer the inner CONNECT", mayRetry: true)
            : Failed(new(DialReason.AnswerRefused, $"{route.Authority} answered the inner CONNECT with {answer.Status}", answer.Status));
    }

    private TunnelKey KeyOf(Route route) =>
        new(route.Request.Source.Identity, route.Request.SourceAddress, route.NextHop!, [.. route.ExpectedPeers]);

    private ConnectRequest RequestOf(Route route, string? network) => new(route.Authority!.ToString())
    {
        Baggage = pod.Rules.Baggage ? pod.Pod.BaggageOf(route.Request.Source) : null,
        Forwarded = Forwarded.Format(client, route.DestinationService?.Hostname),
        TraceParent = _traceParent,
        ForwardedNetwork = network,
    };

    private static (Upstream?, UpstreamFailure?) Failed(DialFailure failure)
    {
        var (code, mayRetry) = ConnectReasons.Of(failure);
        return Failed(code, failure.Message, mayRetry);
    }

    private static (Upstream?, UpstreamFailure?) Failed(ReasonCode code, string detail, bool mayRetry) => (null, new(code, detail, mayRetry));
}
