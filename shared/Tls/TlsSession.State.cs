namespace Ambient.Tls;

public sealed partial class TlsSession
{
    /// <summary>Takes the session out of this object so that it can go on elsewhere with <see cref="Restore"/>.</summary>
    /// <remarks>
    /// The object refuses all work afterwards: two that seal under one key would reuse nonces, which breaks AES-GCM. To go on
    /// here after all, restore the state here.
    /// </remarks>
    public TlsSessionState Save()
    {
        if (_handedOver) throw new InvalidOperationException("The session was handed over already.");
        _handedOver = true;
        return new()
        {
            Suite = _suite, IsServer = _isServer, PeerClosed = _peerClosed, WriteClosed = _writeClosed, Failed = Failure is not null,
            AskedPeerToUpdate = _askedPeerToUpdate, HoldsKeyUpdate = _control.HoldsKeyUpdate,
            ReadSequence = _read.Sequence, WriteSequence = _write.Sequence,
            ReadSecret = _read.Secret.ToArray(), WriteSecret = _write.Secret.ToArray(),
            IdleRecords = _idleRecords, Handshake = _handshake.State, Control = _control.Content.ToArray(),
        };
    }

    /// <summary>Goes on exactly where <see cref="Save"/> stopped. The state is used up and wiped.</summary>
    public static TlsSession Restore(TlsSessionState state)
    {
        var session = new TlsSession(state);
        state.Dispose();
        return session;
    }

    private TlsSession(TlsSessionState state)
    {
        ObjectDisposedException.ThrowIf(state.IsDisposed, state);
        (_suite, _isServer, _peerClosed, _writeClosed) = (state.Suite, state.IsServer, state.PeerClosed, state.WriteClosed);
        if (state.Failed) Failure = new(TlsFailureReason.Internal, "The session had failed before it was handed over.");
        _read = new(_suite, state.ReadSecret, state.ReadSequence, encrypt: false);
        _write = new(_suite, state.WriteSecret, state.WriteSequence, encrypt: true);
        _handshake = new(_isServer) { State = state.Handshake };
        (_idleRecords, _askedPeerToUpdate) = (state.IdleRecords, state.AskedPeerToUpdate);
        if (state.Control.Length == 0) return;
        state.Control.CopyTo(_control.Append(state.Control.Length));
        _control.HoldsKeyUpdate = state.HoldsKeyUpdate;
    }
}
