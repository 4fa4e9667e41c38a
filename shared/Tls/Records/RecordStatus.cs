namespace Ambient.Tls;

/// <summary>What was at the start of the buffer.</summary>
public enum RecordStatus : byte
{
    /// <summary>Not a whole record yet; nothing was consumed or changed.</summary>
    NeedsMore,
    /// <summary>Application data, decrypted in place.</summary>
    Data,
    /// <summary>A record for the session itself, or an empty one; consumed. There may be something to send now.</summary>
    Control,
    /// <summary>The peer has sent its last byte (close_notify); we may still send.</summary>
    Closed,
    /// <summary>The session is unusable; see Failure. There may be an alert to send.</summary>
    Failed,
}
