using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Ambient.Http2.Frames;

namespace Ambient.Http2;

// From bytes to frames. Small frames are taken where they lie; only one that is cut is gathered.
public sealed partial class Http2Connection
{
    private const int GoAwayKept = 8; // the rest is debug data
    private const int SmallestCarry = 64;

    private Phase _phase;
    private FrameHeader _frame;
    private int _left;              // payload bytes of the frame still to come
    private int _headCount;         // bytes of _head, or of the preface, so far
    private HeadBytes _head;        // a frame header that was cut
    private byte[]? _carry;         // a payload that was cut; rented
    private int _carryCount;
    private bool _receiving;

    private enum Phase : byte { Preface, Header, Payload, PadLength, Data, Skip }

    /// <summary>Takes what the peer has sent, cut anywhere, and calls the handler for what it means.</summary>
    /// <param name="bytes">Borrowed until the call returns.</param>
    /// <returns>False if the connection has ended: flush the output and close. <see cref="Error"/> says why, if there is a reason.</returns>
    /// <exception cref="InvalidOperationException">Called from inside a handler, or before <see cref="Start"/>.</exception>
    public bool Receive(ReadOnlyMemory<byte> bytes)
    {
        if (_receiving) throw new InvalidOperationException("Receive was called from inside a handler.");
        if (!_started) throw new InvalidOperationException("Start comes first: a connection begins with our SETTINGS.");
        _receiving = true;
        try
        {
            while (!bytes.IsEmpty && !IsEnded)
                bytes = bytes[Read(bytes)..];
        }
        finally
        {
            _receiving = false;
            if (IsEnded) DropPartialFrame();
        }
        return !IsEnded;
    }

    /// <returns>How many bytes were taken, at least one.</returns>
    private int Read(ReadOnlyMemory<byte> bytes) => _phase switch
    {
        Phase.Preface => ReadPreface(bytes.Span),
        Phase.Header => ReadHeader(bytes.Span),
        Phase.Payload => ReadPayload(bytes.Span),
        Phase.PadLength => ReadPadLength(bytes.Span[0]),
        Phase.Data => ReadData(bytes),
        _ => SkipPayload(bytes.Length),
    };

    private int ReadPreface(ReadOnlySpan<byte> bytes)
    {
        var expected = ControlFrames.Preface[_headCount..];
        var length = Math.Min(bytes.Length, expected.Length);
        if (!bytes[..length].SequenceEqual(expected[..length]))
        {
            Fail(Http2ErrorCode.ProtocolError, "The connection does not start with the HTTP/2 preface (RFC 9113 §3.4): does the peer speak HTTP/1.1 or TLS here?");
            return length;
        }
        _headCount += length;
        if (length < expected.Length) return length;
        _headCount = 0;
        _phase = Phase.Header;
        return length;
    }

    private int ReadHeader(ReadOnlySpan<byte> bytes)
    {
        if (_headCount == 0 && bytes.Length >= FrameHeader.Size)
        {
            BeginFrame(FrameHeader.Read(bytes));
            return FrameHeader.Size;
        }
        var length = Math.Min(bytes.Length, FrameHeader.Size - _headCount);
        Span<byte> head = _head;
        bytes[..length].CopyTo(head[_headCount..]);
        _headCount += length;
        if (_headCount < FrameHeader.Size) return length;
        _headCount = 0;
        BeginFrame(FrameHeader.Read(head));
        return length;
    }

    private void BeginFrame(FrameHeader frame)
    {
        _frame = frame;
        _left = frame.Length;
        if (!CheckOrder() || !CheckFrame()) return;
        switch (frame.Type)
        {
            case FrameType.Data:
                BeginDataFrame();
                break;
            case FrameType.Headers or FrameType.Continuation or FrameType.RstStream or FrameType.Settings or
                FrameType.Ping or FrameType.GoAway or FrameType.WindowUpdate:
                if (!CheckGathered()) return;
                _phase = Phase.Payload;
                if (frame.Length == 0) ReadPayload(default);
                break;
            default: // PRIORITY means nothing any more (§5.3.2), PRIORITY_UPDATE is advice (RFC 9218 §7.1), others are unknown (§4.1)
                CountIgnoredFrame();
                Skip();
                break;
        }
    }

    private int ReadPayload(ReadOnlySpan<byte> bytes)
    {
        var wanted = _frame.Type == FrameType.GoAway ? GoAwayKept : _frame.Length;
        if (_carryCount == 0 && bytes.Length >= wanted)
        {
            EndPayload(bytes[..wanted]);
            return wanted;
        }
        var length = Math.Min(bytes.Length, wanted - _carryCount);
        Carry(bytes[..length], wanted);
        if (_carryCount < wanted) return length;
        var carry = _carry!;
        (_carry, _carryCount) = (null, 0);
        EndPayload(carry.AsSpan(0, wanted));
        ArrayPool<byte>.Shared.Return(carry);
        return length;
    }

    // Grows with what has arrived, not with what was announced.
    private void Carry(ReadOnlySpan<byte> bytes, int wanted)
    {
        if (_carry is null || _carry.Length < _carryCount + bytes.Length)
        {
            var size = Math.Max(_carryCount + bytes.Length, Math.Min(wanted, Math.Max(SmallestCarry, _carryCount * 2)));
            var larger = ArrayPool<byte>.Shared.Rent(size);
            if (_carry is not null)
            {
                _carry.AsSpan(0, _carryCount).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_carry);
            }
            _carry = larger;
        }
        bytes.CopyTo(_carry.AsSpan(_carryCount));
        _carryCount += bytes.Length;
    }

    private void EndPayload(ReadOnlySpan<byte> payload)
    {
        _left = _frame.Length - payload.Length;
        Skip();
        switch (_frame.Type)
        {
            case FrameType.Headers: OnHeadersFrame(payload); break;
            case FrameType.Continuation: OnContinuation(payload); break;
            case FrameType.RstStream: OnRstStream((Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload)); break;
            case FrameType.Settings: OnSettings(payload); break;
            case FrameType.Ping: OnPing(payload); break;
            case FrameType.GoAway: OnGoAway(payload); break;
            case FrameType.WindowUpdate: OnWindowUpdate(payload); break;
        }
    }

    private void Skip() => _phase = _left > 0 ? Phase.Skip : Phase.Header;

    private int SkipPayload(int available)
    {
        var length = Math.Min(available, _left);
        _left -= length;
        if (_left == 0) _phase = Phase.Header;
        if (_frame.Type == FrameType.Data) CreditConnection(length);
        return length;
    }

    private void OnRstStream(Http2ErrorCode code)
    {
        if (FindForControl() is not { } stream) return;
        stream.Flags |= StreamFlags.ResetByPeer;
        var early = IsServer && !stream.Has(StreamFlags.Answered);
        ResetLocally(stream, code);
        if (early) CountEarlyReset();
    }

    /// <summary>The stream that RST_STREAM or WINDOW_UPDATE is for; null if it is closed (both may come late, §5.1).</summary>
    private Http2Stream? FindForControl()
    {
        var stream = _streams.Find(_frame.StreamId);
        if (stream is null && IsIdle(_frame.StreamId) && _frame.StreamId <= _goAwayLastId)
            Fail(Http2ErrorCode.ProtocolError, $"{Name(_frame.Type)} on idle stream {_frame.StreamId} (RFC 9113 §5.1).");
        else if (stream is null && _frame.Type == FrameType.RstStream)
            _recentResets.Remove(_frame.StreamId);
        return stream;
    }

    private void DropPartialFrame()
    {
        if (_carry is not null) ArrayPool<byte>.Shared.Return(_carry);
        if (_block is not null) ArrayPool<byte>.Shared.Return(_block);
        (_carry, _carryCount, _block, _blockCount) = (null, 0, null, 0);
    }

    [InlineArray(FrameHeader.Size)]
    private struct HeadBytes
    {
        private byte _first;
    }
}
