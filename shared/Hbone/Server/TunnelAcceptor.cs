using Ambient.Hbone.Tunnels;
using Ambient.Model.Identities;
using Ambient.Tls;
using Ambient.Transport;

namespace Ambient.Hbone.Server;

/// <summary>Why an accepted connection became no tunnel.</summary>
/// <param name="Message">For people.</param>
/// <param name="Tls">Set when TLS itself failed.</param>
public sealed record AcceptEnd(AcceptFailure Failure, string Message, TlsFailureReason? Tls = null);

public enum AcceptFailure : byte { NoIdentity, HandshakeTimedOut, HandshakeClosed, HandshakeFailed, Closing }

/// <summary>Turns accepted connections to port 15008 of one pod, on one loop, into tunnels and keeps them until they end.</summary>
public sealed class TunnelAcceptor(EventLoop loop, ITlsIdentities identities, TunnelOptions options)
{
    private readonly ConnectionSet _tunnels = new(loop);

    /// <summary>Tunnels open now.</summary>
    public int Count => _tunnels.Count;

    /// <summary>It drains or was closed, and serves no further connection.</summary>
    public bool IsClosing { get; private set; }

    /// <summary>Authenticates the peer as a client of <paramref name="us"/> and carries its tunnel until it ends.</summary>
    /// <param name="socket">Taken over.</param>
    /// <returns>Null after the tunnel has ended, or why there was none, with words for the log.</returns>
    public async ValueTask<AcceptEnd?> ServeAsync(Duplex socket, SpiffeId us, ITunnelServer server)
    {
        var (identity, missing) = await identities.FindAsync(us);
        if (identity is null) return Refuse(socket, AcceptFailure.NoIdentity, missing!);

        using var handshake = TlsHandshake.Server(identity);
        if (await HandshakeRun.RunAsync(socket, handshake, options.HandshakeTimeout) is { } failed)
            return Refuse(socket, Reason(failed), Message(failed, handshake.Failure), handshake.Failure?.Reason);
        if (IsClosing) return Refuse(socket, AcceptFailure.Closing, "The pod's listeners are being closed.");
        if (handshake.Recheck() is { } revoked)
            return Refuse(socket, AcceptFailure.HandshakeFailed, Message(HandshakeFailure.Rejected, revoked), revoked.Reason);

        var tunnel = new Tunnel(socket, handshake.TakeSession(), handshake.Peer, options, server);
        _tunnels.Add(tunnel);
        await tunnel.RunAsync(handshake.TakeLeftover());
        _tunnels.Remove(tunnel);
        return null;
    }

    /// <summary>
    /// Tells every peer to open no more streams; tunnels end with their last stream. Those that are left at the deadline are closed.
    /// </summary>
    public async ValueTask DrainAsync(TimeSpan deadline)
    {
        IsClosing = true;
        await _tunnels.DrainAsync(deadline);
    }

    /// <summary>Closes every tunnel now.</summary>
    public void Close(TunnelEnd end)
    {
        IsClosing = true;
        foreach (var tunnel in Tunnels) tunnel.Close(end);
    }

    /// <summary>Closes the tunnels whose client <paramref name="isRevoked"/> names.</summary>
    public void CloseRevoked(Func<PeerIdentity, bool> isRevoked)
    {
        foreach (var tunnel in Tunnels)
            if (isRevoked(tunnel.Peer)) tunnel.Close(TunnelEnd.Revoked);
    }

    private IEnumerable<Tunnel> Tunnels => _tunnels.ToArray().Cast<Tunnel>();

    private static AcceptEnd Refuse(Duplex socket, AcceptFailure failure, string message, TlsFailureReason? tls = null)
    {
        socket.Dispose();
        return new(failure, message, tls);
    }

    private static AcceptFailure Reason(HandshakeFailure failed) => failed switch
    {
        HandshakeFailure.TimedOut => AcceptFailure.HandshakeTimedOut,
        HandshakeFailure.Closed => AcceptFailure.HandshakeClosed,
        _ => AcceptFailure.HandshakeFailed,
    };

    private string Message(HandshakeFailure failed, TlsFailure? tls) => failed switch
    {
        HandshakeFailure.TimedOut => $"The client did not finish the TLS handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s.",
        HandshakeFailure.Closed => "The client closed the connection during the TLS handshake.",
        _ => $"TLS with the client failed: {tls!.Message}",
    };
}
