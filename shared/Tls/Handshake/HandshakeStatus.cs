namespace Ambient.Tls;

/// <summary>How far a handshake is.</summary>
public enum HandshakeStatus : byte
{
    /// <summary>Send what was written, then read more from the peer.</summary>
    NeedsInput,
    /// <summary>Send what was written, then take the session.</summary>
    Complete,
    /// <summary>Send what was written (an alert that tells the peer), then close; see Failure.</summary>
    Failed,
}
