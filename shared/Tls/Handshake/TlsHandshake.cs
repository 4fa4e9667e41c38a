using System.Buffers;
using Ambient.Model.Identities;
using Ambient.Tls.Handshake;
using Ambient.Tls.OpenSsl;
using Ambient.Tls.Records;
using Ambient.Tls.Verification;

namespace Ambient.Tls;

/// <summary>One TLS 1.3 handshake with certificates on both sides and ALPN h2. The caller moves the bytes.</summary>
/// <remarks>
/// One thread at a time, not necessarily the same. Call <see cref="Advance"/> with nothing received to begin as a client,
/// then whenever bytes arrive. There is no timeout in here: the caller owns the clock and the socket.
/// </remarks>
public sealed class TlsHandshake : IHandshake, IDisposable
{
    // Certificates may take 64 KiB; nothing else in a handshake is long.
    private const int MaxHandshakeBytes = 256 * 1024;

    private readonly bool _isServer;
    private readonly Events _events;
    private readonly SslConnection _connection;
    private HandshakeStatus _status;
    private long _receivedBytes;
    private TlsSession? _session;
    private byte[] _leftover = [];
    private PeerIdentity? _peer;

    private TlsHandshake(TlsIdentity us, IReadOnlyList<SpiffeId>? expectedServer)
    {
        _isServer = expectedServer is null;
        _events = new(new(us, expectedServer));
        _connection = new(_isServer ? us.ServerContext : us.ClientContext, _events);
    }

    /// <param name="expectedServer">Who may answer: one of these must be among the server's identities. Empty: nobody may.</param>
    public static TlsHandshake Client(TlsIdentity us, IReadOnlyList<SpiffeId> expectedServer)
    {
        ArgumentNullException.ThrowIfNull(expectedServer);
        return new(us, expectedServer);
    }

    /// <summary>Accepts clients of our own trust domain.</summary>
    public static TlsHandshake Server(TlsIdentity us) => new(us, null);

    /// <summary>Why it failed; null unless it did.</summary>
    public TlsFailure? Failure { get; private set; }

    /// <summary>Who the other side is.</summary>
    /// <exception cref="InvalidOperationException">The handshake is not complete.</exception>
    public PeerIdentity Peer => _peer ?? throw new InvalidOperationException("The peer is known once the handshake is complete.");

    /// <summary>Goes as far as the bytes allow.</summary>
    /// <param name="received">All bytes that came from the peer since the last call, cut anywhere; may be empty.</param>
    /// <param name="toSend">Gets what is to be sent to the peer, in every case.</param>
    /// <exception cref="InvalidOperationException">The handshake has ended already.</exception>
    public HandshakeStatus Advance(ReadOnlySpan<byte> received, IBufferWriter<byte> toSend)
    {
        if (_status != HandshakeStatus.NeedsInput)
            throw new InvalidOperationException($"The handshake has ended ({_status}); later bytes belong to the session.");
        if (_receivedBytes > MaxHandshakeBytes) return _status = Fail(new(TlsFailureReason.Flood, $"The peer sent {_receivedBytes} bytes without completing the handshake."));
        _receivedBytes += received.Length;
        _connection.Received.Write(received);
        var error = _connection.Advance();
        _status = error switch
        {
            0 => Complete(),
            LibSsl.ErrorWantRead => HandshakeStatus.NeedsInput,
            _ => Fail(HandshakeFailures.Explain(OpenSslError.Take(), _events.Verifier.Refusal, _isServer)),
        };
        _connection.ToSend.DrainTo(toSend);
        if (_status != HandshakeStatus.NeedsInput) End();
        return _status;
    }

    /// <summary>Why the peer would be refused now; null if it would not. Revocation lists change while a handshake is under way.</summary>
    /// <remarks>
    /// For who enters the session where the next list finds it: asked in the same turn, no list falls between verification and entry.
    /// </remarks>
    public TlsFailure? Recheck() => Failure ??= _events.Verifier.Recheck();

    /// <summary>The keys that the handshake agreed on; the caller owns the session. Once.</summary>
    /// <exception cref="InvalidOperationException">The handshake is not complete, or the session was taken.</exception>
    public TlsSession TakeSession()
    {
        var session = _session ?? throw new InvalidOperationException("There is one session to take, after the handshake is complete.");
        _session = null;
        return session;
    }

    /// <summary>Bytes that came behind the handshake: the start of the peer's records. Once; usually empty.</summary>
    public byte[] TakeLeftover()
    {
        var leftover = _leftover;
        _leftover = [];
        return leftover;
    }

    public void Dispose()
    {
        End();
        _session?.Dispose();
        _session = null;
    }

    private HandshakeStatus Complete()
    {
        var (version, suiteId, limitsFragments, holdsBytes) = _connection.Outcome();
        if (limitsFragments)
            return Fail(new(TlsFailureReason.NoCommonParameters, "The client asks for short records (max_fragment_length), which are not served. Switch that off in the client."));
        var suite = CipherSuite.Find(suiteId);
        var (client, server) = (_events.Secrets.Client.Length, _events.Secrets.Server.Length);
        if (version != LibSsl.Tls13 || suite is null || holdsBytes || _events.Verifier.Accepted is null
            || client != suite.HashBytes || server != suite.HashBytes)
            return Fail(new(TlsFailureReason.Internal, $"libssl completed a handshake that cannot be taken over (version {version:X4}, suite {suiteId:X4}, secrets of {client} and {server} bytes)."));

        _peer = new(_events.Verifier.Accepted);
        _leftover = _connection.Received.Drain();
        _session = new(suite, _isServer, _events.Secrets.Client, _events.Secrets.Server);
        return HandshakeStatus.Complete;
    }

    private HandshakeStatus Fail(TlsFailure failure)
    {
        Failure = failure;
        return HandshakeStatus.Failed;
    }

    // libssl has done its part: about 50 KiB that an established connection does not need.
    private void End()
    {
        _connection.Dispose();
        _events.Secrets.Wipe();
    }

    private sealed class Events(PeerVerifier verifier) : ISslEvents
    {
        public PeerVerifier Verifier => verifier;
        public HandshakeSecrets Secrets { get; } = new();

        public void OnSecret(ReadOnlySpan<byte> line) => Secrets.Collect(line);
        public bool Verify(PresentedChain presented) => verifier.Verify(presented);
    }
}
