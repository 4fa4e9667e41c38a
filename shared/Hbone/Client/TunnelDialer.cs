using System.Net;
using Ambient.Hbone.Tunnels;
using Ambient.Linux;
using Ambient.Model.Identities;
using Ambient.Tls;
using Ambient.Transport;

namespace Ambient.Hbone.Client;

/// <summary>Makes tunnels to peers. Called and answered on the loop; never throws for what a peer or a network does.</summary>
public interface ITunnelDialer
{
    ValueTask<(Tunnel? Tunnel, DialFailure? Failure)> DialAsync(EventLoop loop, TunnelKey key);
}

/// <summary>TCP in the pod's network namespace, TLS as the pod, HTTP/2.</summary>
/// <param name="identities">Gives the certificate of the pod.</param>
/// <param name="newSocket">An unconnected, marked socket of the pod for a destination; runs on the loop's thread.</param>
public sealed class TunnelDialer(ITlsIdentities identities, Func<IPEndPoint, Descriptor> newSocket, TunnelOptions options) : ITunnelDialer
{
    public async ValueTask<(Tunnel? Tunnel, DialFailure? Failure)> DialAsync(EventLoop loop, TunnelKey key)
    {
        var (identity, missing) = await identities.FindAsync(key.Source);
        if (identity is null) return (null, new(DialReason.NoIdentity, missing!));

        var (socket, refused) = await LoopSocket.ConnectAsync(loop, newSocket(key.Destination), key.Destination, options.ConnectTimeout);
        if (socket is null) return (null, Unconnected(key, refused));

        return await SecureAsync(socket, identity, key.Expected, key.Destination.ToString());
    }

    /// <summary>TLS and HTTP/2 over an open byte stream: a socket, or a stream of an outer tunnel.</summary>
    /// <param name="wire">Taken over, also on failure.</param>
    /// <param name="peer">Names the peer in messages.</param>
    public async ValueTask<(Tunnel? Tunnel, DialFailure? Failure)> SecureAsync(
        Duplex wire, TlsIdentity identity, IReadOnlyList<SpiffeId> expected, string peer)
    {
        using var handshake = TlsHandshake.Client(identity, expected);
        var failed = await HandshakeRun.RunAsync(wire, handshake, options.HandshakeTimeout);
        if (failed is null && handshake.Recheck() is not null) failed = HandshakeFailure.Rejected;
        if (failed is not null)
        {
            wire.Dispose();
            return (null, Unsecured(failed.Value, handshake.Failure, peer));
        }
        var tunnel = new Tunnel(wire, handshake.TakeSession(), handshake.Peer, options, server: null);
        _ = tunnel.RunAsync(handshake.TakeLeftover()); // never fails; the pool hears of its end through SlotsChanged
        return (tunnel, null);
    }

    private DialFailure Unconnected(TunnelKey key, ConnectFailure failure) => failure.Kind switch
    {
        ConnectFailureKind.TimedOut => new(DialReason.ConnectTimedOut,
            $"No TCP connection to {key.Destination} within {options.ConnectTimeout.TotalSeconds:0.#} s. " +
            "Does every NetworkPolicy between the pods allow TCP 15008, and is that node's ztunnel running?"),
        ConnectFailureKind.Refused => new(DialReason.ConnectRefused,
            $"{key.Destination} refused the TCP connection. Is that node's ztunnel running?"),
        ConnectFailureKind.Unreachable => new(DialReason.Unreachable, $"There is no route to {key.Destination}."),
        ConnectFailureKind.PortsExhausted => new(DialReason.PortsExhausted,
            $"The pod has no free local port left towards {key.Destination}: widen net.ipv4.ip_local_port_range or open fewer connections."),
        _ => new(DialReason.ConnectFailed, $"Connecting to {key.Destination} failed: {failure.Describe(key.Destination)}"),
    };

    private DialFailure Unsecured(HandshakeFailure failed, TlsFailure? tls, string peer) => failed switch
    {
        HandshakeFailure.TimedOut => new(DialReason.HandshakeTimedOut,
            $"{peer} did not finish the TLS handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s."),
        HandshakeFailure.Closed => new(DialReason.HandshakeClosed,
            $"{peer} closed the connection during the TLS handshake: it may not accept our certificate or have none itself."),
        _ => new(DialReason.HandshakeFailed, $"TLS with {peer} failed: {tls!.Message}", Tls: tls.Reason),
    };
}
