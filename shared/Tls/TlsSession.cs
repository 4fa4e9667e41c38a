using System.Buffers.Binary;
using Ambient.Tls.Records;

namespace Ambient.Tls;

/// <summary>The record layer of an established TLS 1.3 connection (RFC 8446 §5), both directions, without a socket.</summary>
/// <remarks>
/// One thread at a time. Nothing is allocated per record. Records leave in the order in which they were made: before each
/// <see cref="Seal"/>, and after each <see cref="TryOpen"/>, put what <see cref="PendingControlBytes"/> announces into the
/// output with <see cref="WriteControl"/>.
/// </remarks>
public sealed partial class TlsSession : IDisposable
{
    /// <summary>Type, version and length in front of every record.</summary>
    public const int HeaderBytes = 5;

    /// <summary>Inner content type and tag behind the plaintext of every record.</summary>
    public const int TrailerBytes = 17;

    /// <summary>Most application data in one record.</summary>
    public const int MaxPlaintext = 16384;

    /// <summary>Longest record that a peer may send, header and padding included.</summary>
    public const int MaxRecord = HeaderBytes + MaxPlaintext + 256;

    private const int TagBytes = 16;

    private readonly bool _isServer;
    private readonly CipherSuite _suite;
    private readonly TrafficKeys _read, _write;
    private readonly ControlQueue _control = new();
    private RecordLimits _limits = RecordLimits.AesGcm;
    private bool _writeClosed;
    private bool _handedOver;

    internal TlsSession(CipherSuite suite, bool isServer, ReadOnlySpan<byte> clientSecret, ReadOnlySpan<byte> serverSecret)
    {
        (_suite, _isServer, _handshake) = (suite, isServer, new(isServer));
        _read = new(suite, isServer ? clientSecret : serverSecret, 0, encrypt: false);
        _write = new(suite, isServer ? serverSecret : clientSecret, 0, encrypt: true);
    }

    /// <summary>Why the session is unusable; null unless it is.</summary>
    public TlsFailure? Failure { get; private set; }

    /// <summary>Name of the cipher suite (RFC 8446 §B.4).</summary>
    public string CipherSuiteName => _suite.Name;

    /// <summary>False after <see cref="Close"/> or a failure: then <see cref="Seal"/> is refused.</summary>
    public bool CanSeal => !_writeClosed && !_handedOver;

    /// <summary>Bytes of key updates, alerts and close_notify that are to be sent before any later data.</summary>
    public int PendingControlBytes => _control.Length;

    /// <summary>For tests, which cannot wait for millions of records.</summary>
    internal RecordLimits Limits { set => _limits = value; }

    /// <summary>Takes the pending control records.</summary>
    /// <param name="into">At least <see cref="PendingControlBytes"/> long.</param>
    /// <returns>Bytes written.</returns>
    public int WriteControl(Span<byte> into) => _control.Take(into);

    /// <summary>Turns <paramref name="record"/>, which is 5 bytes of room, the plaintext, 17 bytes of room, into one record in place.</summary>
    /// <param name="record">May be longer than the record; what is behind it is left alone.</param>
    /// <param name="plaintextLength">0 to <see cref="MaxPlaintext"/>.</param>
    /// <returns>Length of the record: 5 + <paramref name="plaintextLength"/> + 17.</returns>
    /// <remarks>Every 2^23 records the key is replaced, which makes a control record that has to follow this one.</remarks>
    /// <exception cref="InvalidOperationException">Control bytes are pending, or <see cref="CanSeal"/> is false.</exception>
    public int Seal(Span<byte> record, int plaintextLength)
    {
        if (_control.Length > 0) throw new InvalidOperationException("Control records are pending; they must be written first.");
        if (!CanSeal) throw new InvalidOperationException("Nothing can be sent any more: the session was closed, failed or was handed over.");
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)plaintextLength, (uint)MaxPlaintext, nameof(plaintextLength));

        var length = HeaderBytes + plaintextLength + TrailerBytes;
        SealAs(ContentType.ApplicationData, record[..length]);
        if (_write.Sequence >= _limits.RekeyAfter) UpdateOwnKey(requestPeersToo: false);
        return length;
    }

    /// <summary>Queues close_notify: our last byte. The peer may still send.</summary>
    public void Close() => EndWriting(alertLevel: 1, TlsAlert.CloseNotify);

    public void Dispose()
    {
        _read.Dispose();
        _write.Dispose();
    }

    /// <summary>Writes header, inner type and tag around the plaintext that is in <paramref name="record"/>.</summary>
    private void SealAs(ContentType type, Span<byte> record)
    {
        if (_write.Sequence >= _limits.RefuseAfter)
            throw new InvalidOperationException($"The sending key was used for {_write.Sequence} records, which is its limit.");
        record[0] = (byte)ContentType.ApplicationData; // every protected record is outwardly that (RFC 8446 §5.2)
        record[1] = 3;
        record[2] = 3;
        BinaryPrimitives.WriteUInt16BigEndian(record[3..], (ushort)(record.Length - HeaderBytes));
        record[^TrailerBytes] = (byte)type;
        _write.Seal(record);
    }

    private void QueueControl(ContentType type, ReadOnlySpan<byte> content)
    {
        var record = _control.Append(HeaderBytes + content.Length + TrailerBytes);
        content.CopyTo(record[HeaderBytes..]);
        SealAs(type, record);
    }

    /// <summary>Sends KeyUpdate (RFC 8446 §4.6.3) and moves on to the next sending key.</summary>
    private void UpdateOwnKey(bool requestPeersToo)
    {
        if (_writeClosed) return;
        QueueControl(ContentType.Handshake, [HandshakeReader.KeyUpdate, 0, 0, 1, requestPeersToo ? (byte)1 : (byte)0]);
        _control.HoldsKeyUpdate = true;
        _write.Update();
    }

    private void EndWriting(byte alertLevel, TlsAlert alert)
    {
        if (_writeClosed || _handedOver) return;
        if (_write.Sequence < _limits.RefuseAfter) QueueControl(ContentType.Alert, [alertLevel, (byte)alert]);
        _writeClosed = true;
    }
}
