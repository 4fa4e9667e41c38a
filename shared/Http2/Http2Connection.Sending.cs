using System.Buffers;
using Ambient.Http2.Frames;
using Ambient.Http2.Hpack;

namespace Ambient.Http2;

// What the owner sends on streams.
public sealed partial class Http2Connection
{
    private const int ScratchBytes = 512;

    private bool _encoderTableClosed; // the peer was told that we do not use its compression table

    /// <summary>Client: opens a stream with a request.</summary>
    /// <param name="headers">Copied out. Pseudo-header fields first, names in lower case; a plain CONNECT has
    /// <c>:method</c> and <c>:authority</c> alone.</param>
    /// <param name="endStream">The request has no content.</param>
    /// <param name="state">Becomes <see cref="Http2Stream.State"/>.</param>
    /// <returns>Null if <see cref="CanOpen"/> is false; nothing was written then.</returns>
    public Http2Stream? TryOpen(HeaderList headers, bool endStream, object? state = null)
    {
        if (IsServer) throw new InvalidOperationException("Only a client opens streams.");
        if (!CanOpen) return null;
        var stream = new Http2Stream(_nextStreamId, _peerInitialWindow, InitialReceiveWindow) { State = state };
        _nextStreamId += 2;
        var method = headers.Method;
        if (method.SequenceEqual("CONNECT"u8) && headers.Protocol.IsEmpty) stream.Flags |= StreamFlags.Connect;
        else if (method.SequenceEqual("HEAD"u8)) stream.Flags |= StreamFlags.Head;
        if (endStream) stream.Flags |= StreamFlags.LocalEnded;
        _streams.Add(stream);
        _ignored.Forgive(1);
        WriteHeaderBlock(stream.Id, headers, endStream);
        return stream;
    }

    /// <summary>Sends a response, an interim response or trailers.</summary>
    /// <param name="headers">Copied out, as for <see cref="TryOpen"/>.</param>
    /// <returns>False if the stream is closed or our side of it has ended; nothing was written then.</returns>
    public bool SendHeaders(Http2Stream stream, HeaderList headers, bool endStream)
    {
        if (stream.LocalEnded) return false;
        WriteHeaderBlock(stream.Id, headers, endStream);
        if (IsServer && headers.Status >= 200) MarkAnswered(stream);
        if (endStream) EndLocal(stream);
        return true;
    }

    /// <summary>
    /// How many bytes of DATA one frame may carry now: the least of the stream's window, the connection's window and the
    /// peer's frame size. 0 if the stream is blocked or our side has ended.
    /// </summary>
    /// <remarks>Where windows say 0, <see cref="IHttp2Handler.OnSendable"/> follows once they open.</remarks>
    public int Sendable(Http2Stream stream)
    {
        if (stream.LocalEnded) return 0;
        var sendable = Math.Min(Math.Min(stream.SendWindow, SendWindow), PeerMaxFrameSize);
        if (sendable > 0) return sendable;
        Block(stream);
        return 0;
    }

    /// <summary>Writes the header of a DATA frame; the owner puts the payload right behind it, without a copy here.</summary>
    /// <param name="header9">Nine bytes directly in front of the payload, in the owner's own output.</param>
    /// <param name="length">Payload bytes, at most <see cref="Sendable"/>; 0 is useful only with <paramref name="endStream"/>.</param>
    /// <remarks>
    /// Header and payload count as written at once: move the end of the output past both before the call, as
    /// <see cref="IHttp2Handler.OnStreamClosed"/> may be called from inside and other frames may follow.
    /// </remarks>
    /// <exception cref="InvalidOperationException">Our side has ended, or a window or the frame size is exceeded.</exception>
    public void BeginData(Http2Stream stream, Span<byte> header9, int length, bool endStream)
    {
        if (stream.LocalEnded) throw new InvalidOperationException($"Stream {stream.Id} has ended.");
        if (length < 0 || length > 0 && (length > stream.SendWindow || length > SendWindow || length > PeerMaxFrameSize))
            throw new InvalidOperationException(
                $"{length} bytes on stream {stream.Id} are more than Sendable allows ({stream.SendWindow} on the stream, " +
                $"{SendWindow} on the connection, {PeerMaxFrameSize} in a frame).");
        stream.SendWindow -= length;
        SendWindow -= length;
        new FrameHeader(length, FrameType.Data, endStream ? FrameFlags.EndStream : (byte)0, stream.Id).Write(header9);
        BytesWritten += FrameHeader.Size + length;
        _windowUpdates.Forgive(2 + length / 1024); // one for the stream, one for the connection, more for large frames
        if (endStream) EndLocal(stream);
    }

    /// <summary>The same with a copy: writes header and payload to the output.</summary>
    /// <param name="data">At most <see cref="Sendable"/>.</param>
    /// <inheritdoc cref="BeginData" path="/exception"/>
    public void SendData(Http2Stream stream, ReadOnlySpan<byte> data, bool endStream)
    {
        Span<byte> header = stackalloc byte[FrameHeader.Size];
        BeginData(stream, header, data.Length, endStream: false);
        if (endStream) header[4] = FrameFlags.EndStream;
        _output.Write(header);
        if (!data.IsEmpty) _output.Write(data);
        if (endStream) EndLocal(stream);
    }

    /// <summary>Ends a stream at once in both directions. Nothing happens if it is closed.</summary>
    public void Reset(Http2Stream stream, Http2ErrorCode code)
    {
        if (stream.IsClosed) return;
        WriteReset(stream.Id, code, peerMaySend: !stream.RemoteEnded);
        Close(stream);
    }

    private void WriteReset(uint streamId, Http2ErrorCode code, bool peerMaySend)
    {
        Span<byte> frame = stackalloc byte[ControlFrames.RstStreamSize];
        ControlFrames.WriteRstStream(frame, streamId, code);
        EmitControl(frame);
        if (peerMaySend) _recentResets.Add(streamId);
        if (_recentResets.ShouldProbe) WriteProbe(ResetProbe);
    }

    private void MarkAnswered(Http2Stream stream)
    {
        if (stream.Has(StreamFlags.Answered)) return;
        stream.Flags |= StreamFlags.Answered;
        _earlyResets.Forgive(1);
    }

    private void EndLocal(Http2Stream stream)
    {
        stream.Flags |= StreamFlags.LocalEnded;
        Unblock(stream);
        CloseIfDone(stream);
    }

    private void WriteHeaderBlock(uint streamId, HeaderList headers, bool endStream)
    {
        var most = FrameHeader.Size + 1 + HpackEncoder.MaxBytes(headers);
        var rented = most > ScratchBytes ? ArrayPool<byte>.Shared.Rent(most) : null;
        var scratch = rented ?? stackalloc byte[ScratchBytes];

        var length = 0;
        if (!_encoderTableClosed) length += HpackEncoder.CloseTable(scratch[FrameHeader.Size..]);
        _encoderTableClosed = true;
        length += HpackEncoder.Encode(headers, scratch[(FrameHeader.Size + length)..]);
        WriteFragments(streamId, scratch[..(FrameHeader.Size + length)], endStream);

        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
    }

    // The block lies behind nine spare bytes; the header of each further frame overwrites what was sent before it.
    private void WriteFragments(uint streamId, Span<byte> framed, bool endStream)
    {
        var type = FrameType.Headers;
        var flags = endStream ? FrameFlags.EndStream : (byte)0;
        while (true)
        {
            var length = Math.Min(framed.Length - FrameHeader.Size, PeerMaxFrameSize);
            var last = length == framed.Length - FrameHeader.Size;
            new FrameHeader(length, type, last ? (byte)(flags | FrameFlags.EndHeaders) : flags, streamId).Write(framed);
            Emit(framed[..(FrameHeader.Size + length)]);
            if (last) return;
            framed = framed[length..];
            type = FrameType.Continuation;
            flags = 0;
        }
    }
}
