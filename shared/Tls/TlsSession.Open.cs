using System.Buffers.Binary;
using Ambient.Tls.Records;

namespace Ambient.Tls;

public sealed partial class TlsSession
{
    private const byte AlertFatal = 2;

    private HandshakeReader _handshake;
    private int _idleRecords;
    private bool _peerClosed;
    private bool _askedPeerToUpdate;

    /// <summary>Reads the record at the start of <paramref name="buffer"/> and decrypts it in place.</summary>
    /// <param name="buffer">What has been received and not consumed; may hold less or more than a record.</param>
    /// <param name="consumed">Length of the record; 0 for NeedsMore, Closed (the second time) and Failed.</param>
    /// <param name="plaintextOffset">For Data: where the application data starts in <paramref name="buffer"/>.</param>
    /// <param name="plaintextLength">For Data: its length, at least 1.</param>
    /// <remarks>Never throws for what the peer sent. A failure is final and has queued the alert that explains it.</remarks>
    public RecordStatus TryOpen(Span<byte> buffer, out int consumed, out int plaintextOffset, out int plaintextLength)
    {
        (consumed, plaintextOffset, plaintextLength) = (0, 0, 0);
        if (_handedOver) throw new InvalidOperationException("The session was handed over; it must not be used here any more.");
        if (Failure is not null) return RecordStatus.Failed;
        if (_peerClosed) return RecordStatus.Closed;
        if (buffer.Length < HeaderBytes) return RecordStatus.NeedsMore;

        var length = HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(buffer[3..]);
        if (!CheckHeader((ContentType)buffer[0], length)) return RecordStatus.Failed;
        if (buffer.Length < length) return RecordStatus.NeedsMore;

        var record = buffer[..length];
        if (!TryDecrypt(record, out var type, out var content)) return RecordStatus.Failed;
        var status = Accept(type, record.Slice(HeaderBytes, content));
        if (status == RecordStatus.Failed) return status;

        consumed = length;
        if (status == RecordStatus.Data) (plaintextOffset, plaintextLength) = (HeaderBytes, content);
        return status;
    }

    // The version field is not looked at: "MUST be ignored for all purposes" (RFC 8446 §5.1).
    private bool CheckHeader(ContentType type, int length)
    {
        if (type != ContentType.ApplicationData)
            return Fail(TlsFailureReason.ProtocolViolation, TlsAlert.UnexpectedMessage, $"The peer sent an unprotected record of type {(byte)type} after the handshake.");
        if (length > MaxRecord)
            return Fail(TlsFailureReason.ProtocolViolation, TlsAlert.RecordOverflow, $"The peer sent a record of {length} bytes; at most {MaxRecord} are allowed.");
        if (length < HeaderBytes + TrailerBytes)
            return Fail(TlsFailureReason.ProtocolViolation, TlsAlert.DecodeError, $"The peer sent a record of {length} bytes, which cannot hold a tag.");
        return true;
    }

    /// <summary>Decrypts and takes the padding off (RFC 8446 §5.4).</summary>
    private bool TryDecrypt(Span<byte> record, out ContentType type, out int length)
    {
        (type, length) = (ContentType.Invalid, 0);
        if (_read.Sequence >= _limits.RefuseAfter)
            return Fail(TlsFailureReason.KeyUsageLimit, TlsAlert.InternalError, $"The peer used one key for {_read.Sequence} records and ignored the request to update it.");
        if (!_read.TryOpen(record))
            return Fail(TlsFailureReason.BadRecord, TlsAlert.BadRecordMac, $"Record {_read.Sequence} under the current key is not authentic: it was changed on the way, or the two sides lost step.");
        if (_read.Sequence >= _limits.RekeyAfter && !_askedPeerToUpdate)
        {
            _askedPeerToUpdate = true;
            UpdateOwnKey(requestPeersToo: true);
        }

        var inner = record[HeaderBytes..^TagBytes];
        if (inner.Length > MaxPlaintext + 1)
            return Fail(TlsFailureReason.ProtocolViolation, TlsAlert.RecordOverflow, $"The peer put {inner.Length} bytes into a record; at most {MaxPlaintext + 1} are allowed.");
        length = inner.LastIndexOfAnyExcept((byte)0);
        if (length < 0)
            return Fail(TlsFailureReason.ProtocolViolation, TlsAlert.UnexpectedMessage, "The peer sent a record of padding only.");
        type = (ContentType)inner[length];
        return true;
    }

    private RecordStatus Accept(ContentType type, ReadOnlySpan<byte> content)
    {
        if (_handshake.IsInside && type != ContentType.Handshake)
            return Failed(TlsFailureReason.ProtocolViolation, TlsAlert.UnexpectedMessage, $"The peer sent a record of type {(byte)type} in the middle of a handshake message.");
        if (type == ContentType.ApplicationData && content.Length > 0)
        {
            _idleRecords = 0;
            return RecordStatus.Data;
        }
        if (++_idleRecords > RecordLimits.MaxIdleRecords)
            return Failed(TlsFailureReason.Flood, TlsAlert.UnexpectedMessage, $"The peer sent more than {RecordLimits.MaxIdleRecords} records in a row without data.");
        return type switch
        {
            ContentType.ApplicationData => RecordStatus.Control,
            ContentType.Handshake => AcceptHandshake(content),
            ContentType.Alert => AcceptAlert(content),
            _ => Failed(TlsFailureReason.ProtocolViolation, TlsAlert.UnexpectedMessage, $"The peer sent a record of the unknown type {(byte)type}."),
        };
    }

    private RecordStatus AcceptHandshake(ReadOnlySpan<byte> content)
    {
        switch (_handshake.Read(content))
        {
            case HandshakeOutcome.Nothing:
                return RecordStatus.Control;
            case HandshakeOutcome.KeyUpdate:
                UpdatePeersKey();
                return RecordStatus.Control;
            case HandshakeOutcome.KeyUpdateRequested:
                UpdatePeersKey();
                if (!_control.HoldsKeyUpdate) UpdateOwnKey(requestPeersToo: false);
                return RecordStatus.Control;
            case HandshakeOutcome.DecodeError:
                return Failed(TlsFailureReason.ProtocolViolation, TlsAlert.DecodeError, "The peer sent a post-handshake message of an impossible length.");
            case HandshakeOutcome.IllegalParameter:
                return Failed(TlsFailureReason.ProtocolViolation, TlsAlert.IllegalParameter, "The peer sent a KeyUpdate with an unknown request.");
            default:
                return Failed(TlsFailureReason.ProtocolViolation, TlsAlert.UnexpectedMessage, "The peer sent a handshake message that is not allowed after the handshake.");
        }
    }

    private void UpdatePeersKey()
    {
        _read.Update();
        _askedPeerToUpdate = false;
    }

    // All alerts but two end the connection at once, whatever level they claim (RFC 8446 §6).
    private RecordStatus AcceptAlert(ReadOnlySpan<byte> content)
    {
        if (content.Length != 2)
            return Failed(TlsFailureReason.ProtocolViolation, TlsAlert.DecodeError, $"The peer sent an alert of {content.Length} bytes; it must have 2.");
        var alert = (TlsAlert)content[1];
        switch (alert)
        {
            case TlsAlert.CloseNotify:
                _peerClosed = true;
                return RecordStatus.Closed;
            case TlsAlert.UserCanceled: // followed by close_notify
                return RecordStatus.Control;
            default:
                _writeClosed = true; // it no longer listens
                Failure = new(TlsFailureReason.PeerAlert, $"The peer ended the session with alert {content[1]} ({alert}): {TlsAlerts.Explain(alert)}.", alert);
                return RecordStatus.Failed;
        }
    }

    private RecordStatus Failed(TlsFailureReason reason, TlsAlert alert, string message)
    {
        Fail(reason, alert, message);
        return RecordStatus.Failed;
    }

    private bool Fail(TlsFailureReason reason, TlsAlert alert, string message)
    {
        Failure = new(reason, message, alert);
        EndWriting(AlertFatal, alert);
        return false;
    }
}
