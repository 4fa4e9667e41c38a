using Ambient.Http2;
using Ambient.Linux;
using Ambient.Tls;
using Ambient.Transport;

namespace Ambient.Hbone.Tunnels;

/// <summary>
/// The bytes on their way out of one tunnel: HTTP/2 frames are built, or read from a socket, straight into TLS records, sealed
/// in place and sent with as few calls as possible. Holds a slab only while bytes wait. One loop only.
/// </summary>
/// <remarks>
/// A record lies in the slab as [5 header][plaintext up to 16384][17 type and tag]. The last record is open: it takes more
/// frames until it is full or the turn ends.
/// </remarks>
internal sealed class RecordOutput(Duplex wire, TlsSession tls) : IDisposable
{
    private const int FrameHeader = 9;       // RFC 9113 §4.1
    private const int SmallestRecord = 512;  // less room than this at a slab's end is left unused
    private const int MaxBacklog = 16;       // slabs of control frames a peer may leave unread before it is given up

    private readonly Queue<Full> _backlog = new();
    private Slab? _slab;
    private int _start;   // first byte not yet sent
    private int _record;  // where the open record begins; everything from _start to here is sealed
    private int _fill;    // plaintext bytes in the open record

    /// <summary>True while bytes that the wire would not take wait for it: streams must not add more.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Everything written was taken by the wire.</summary>
    public bool IsEmpty => _slab is null && _backlog.Count == 0;

    /// <summary>The wire broke, or the peer left too much unread; nothing more can be sent.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Adds control frames. Always accepted: the engine's flood limits and <see cref="MaxBacklog"/> bound them.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !IsBroken)
        {
            if (tls.PendingControlBytes > 0) WriteControl();
            var room = OpenRecord();
            var taken = Math.Min(room, bytes.Length);
            bytes[..taken].CopyTo(_slab!.Span[(_record + TlsSession.HeaderBytes + _fill)..]);
            bytes = bytes[taken..];
            _fill += taken;
            if (taken == room) SealRecord();
        }
    }

    /// <summary>Lends the room for one DATA frame's payload of at most <paramref name="wanted"/> bytes, over as many records as it needs.</summary>
    /// <returns>How many vectors of <paramref name="space"/> are set; 0 when blocked.</returns>
    public int Reserve(int wanted, Span<IoVector> space)
    {
        if (IsBlocked || IsBroken) return 0;
        if (tls.PendingControlBytes > 0) WriteControl();
        if (!OpenRecordFor(Math.Min(wanted, SmallestRecord) + FrameHeader)) return 0;

        var at = _record + TlsSession.HeaderBytes + _fill + FrameHeader;
        var room = Math.Min(RecordRoom - FrameHeader, wanted);
        var count = 0;
        space[count++] = _slab!.Vector.Slice(at, room);
        wanted -= room;
        for (at += room + TlsSession.TrailerBytes; wanted > 0 && count < space.Length; at += room + TlsSession.TrailerBytes)
        {
            at += TlsSession.HeaderBytes;
            room = Math.Min(Math.Min(TlsSession.MaxPlaintext, _slab.Length - at - TlsSession.TrailerBytes), wanted);
            if (room < Math.Min(SmallestRecord, wanted)) break;
            space[count++] = _slab.Vector.Slice(at, room);
            wanted -= room;
        }
        return count;
    }

    /// <summary>Makes the first <paramref name="bytes"/> of the room last lent a DATA frame of <paramref name="stream"/>.</summary>
    public void Commit(Http2Connection http2, Http2Stream stream, int bytes)
    {
        var header = _slab!.Span.Slice(_record + TlsSession.HeaderBytes + _fill, FrameHeader);
        var inFirst = Math.Min(bytes, RecordRoom - FrameHeader);
        http2.BeginData(stream, header, bytes, endStream: false); // writes nothing else without END_STREAM
        _fill += FrameHeader + inFirst;
        for (var rest = bytes - inFirst; rest > 0; rest -= _fill)
        {
            SealRecord();
            if (tls.PendingControlBytes > 0)
            {
                Write(LentBytes(rest)); // a new key's announcement goes in between
                return;
            }
            _fill = Math.Min(rest, TlsSession.MaxPlaintext);
        }
        if (RecordRoom <= 0) SealRecord();
    }

    /// <summary>Seals what is open and hands everything to the wire; <see cref="IsBlocked"/> tells whether some of it must wait.</summary>
    public void Flush()
    {
        if (IsBroken) return;
        if (!tls.CanSeal) _fill = 0; // only an alert may still leave
        if (tls.PendingControlBytes > 0) WriteControl();
        if (_fill > 0) SealRecord();
        if (tls.PendingControlBytes > 0) WriteControl();
        IsBlocked = !SendBacklog() || !SendCurrent();
    }

    public void Dispose()
    {
        while (_backlog.TryDequeue(out var waiting)) wire.Loop.Slabs.Return(waiting.Slab);
        ReturnSlab();
        IsBroken = true;
    }

    private int RecordRoom => Math.Min(
        TlsSession.MaxPlaintext - _fill,
        _slab!.Length - _record - TlsSession.HeaderBytes - _fill - TlsSession.TrailerBytes);

    /// <returns>The plaintext bytes that the open record still takes: at least 1.</returns>
    private int OpenRecord()
    {
        if (_slab is null) RentSlab();
        else if (RecordRoom <= 0 || (_fill == 0 && RecordRoom < SmallestRecord))
        {
            if (_fill > 0) SealRecord();
            if (RecordRoom < SmallestRecord) NextSlab();
        }
        return RecordRoom;
    }

    private bool OpenRecordFor(int needed)
    {
        OpenRecord();
        if (RecordRoom >= needed) return true;
        if (_fill > 0) SealRecord();
        if (RecordRoom >= needed) return true;

        Flush(); // the slab is full: make room by sending it
        if (IsBlocked || IsBroken) return false;
        OpenRecord();
        return true;
    }

    private void SealRecord()
    {
        _record += tls.Seal(_slab!.Span[_record..], _fill);
        _fill = 0;
    }

    /// <summary>Alerts and key updates are sealed already, so they go before the open record, which moves behind them.</summary>
    private void WriteControl()
    {
        if (_slab is null) RentSlab();
        var open = _slab!.Span.Slice(_record + TlsSession.HeaderBytes, _fill).ToArray();
        _fill = 0;
        if (_slab.Length - _record < tls.PendingControlBytes) NextSlab();
        _record += tls.WriteControl(_slab.Span[_record..]);
        Write(open);
    }

    /// <summary>A copy of the payload that lies in the room last lent, behind the record just sealed.</summary>
    private byte[] LentBytes(int count)
    {
        var bytes = new byte[count];
        var at = _record + TlsSession.HeaderBytes;
        for (var copied = 0; copied < count; at += TlsSession.MaxPlaintext + TlsSession.TrailerBytes + TlsSession.HeaderBytes)
        {
            var piece = Math.Min(count - copied, TlsSession.MaxPlaintext);
            _slab!.Span.Slice(at, piece).CopyTo(bytes.AsSpan(copied));
            copied += piece;
        }
        return bytes;
    }

    /// <summary>Moves on to a fresh slab; the full one is sent first, or waits in the backlog.</summary>
    private void NextSlab()
    {
        if (SendBacklog() && SendCurrent()) { if (_slab is null) RentSlab(); return; }
        if (_backlog.Count >= MaxBacklog) Break();
        _backlog.Enqueue(new(_slab!) { Start = _start, End = _record });
        IsBlocked = true;
        RentSlab();
    }

    private void RentSlab()
    {
        _slab = wire.Loop.Slabs.Rent(SlabSize.Large);
        _start = _record = _fill = 0;
    }

    private bool SendBacklog()
    {
        while (_backlog.TryPeek(out var waiting))
        {
            if (!Send(waiting.Slab, ref waiting.Start, waiting.End)) return false;
            wire.Loop.Slabs.Return(_backlog.Dequeue().Slab);
        }
        return true;
    }

    private bool SendCurrent()
    {
        if (_slab is null) return true;
        if (!Send(_slab, ref _start, _record)) return false;
        if (_fill == 0) ReturnSlab();
        return true;
    }

    private bool Send(Slab slab, ref int start, int end)
    {
        while (start < end)
        {
            var sent = wire.TrySend([slab.Vector.Slice(start, end - start)]);
            if (sent.Status == IoStatus.Done) { start += sent.Bytes; continue; }
            if (sent.Status != IoStatus.WouldBlock) Break();
            return false;
        }
        return true;
    }

    private void Break()
    {
        IsBroken = true;
        IsBlocked = false;
    }

    private void ReturnSlab()
    {
        if (_slab is null) return;
        wire.Loop.Slabs.Return(_slab);
        _slab = null;
        _start = _record = _fill = 0;
    }

    /// <summary>A slab full of sealed control frames that the wire has not taken yet.</summary>
    private sealed class Full(Slab slab)
    {
        public readonly Slab Slab = slab;
        public int Start, End;
    }
}
