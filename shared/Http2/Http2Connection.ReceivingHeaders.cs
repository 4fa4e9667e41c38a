using System.Buffers;
using Ambient.Http2.Frames;
using Ambient.Http2.Hpack;
using Ambient.Http2.Messages;

namespace Ambient.Http2;

// HEADERS and CONTINUATION (RFC 9113 §4.3, §6.2, §6.10): every block is decoded, also one that is of no use, because
// decoding is what keeps the compression table in step.
public sealed partial class Http2Connection
{
    private uint _blockStream;      // header block under way; 0: none
    private bool _blockEndsStream;
    private int _continuations;
    private byte[]? _block;         // its fragments so far; rented
    private int _blockCount;

    private void OnHeadersFrame(ReadOnlySpan<byte> payload)
    {
        var id = _frame.StreamId;
        if ((id & 1) == 0 || (!IsServer && id >= _nextStreamId))
        {
            Fail(Http2ErrorCode.ProtocolError, $"HEADERS on stream {id}, which the peer cannot open (RFC 9113 §5.1.1).");
            return;
        }
        if (!TryFindFragment(payload, out var fragment)) return;
        CountIfEmpty(fragment);
        if (IsEnded) return;
        _blockStream = id;
        _blockEndsStream = _frame.Has(FrameFlags.EndStream);
        _continuations = 0;
        if (_frame.Has(FrameFlags.EndHeaders)) EndBlock(fragment);
        else Gather(fragment);
    }

    private void OnContinuation(ReadOnlySpan<byte> fragment)
    {
        CountIfEmpty(fragment);
        if (++_continuations > _options.Floods.MaxContinuations)
            Calm($"more than {_options.Floods.MaxContinuations} CONTINUATION frames for one header block ({nameof(FloodLimits.MaxContinuations)})");
        if (IsEnded) return;
        Gather(fragment);
        if (!_frame.Has(FrameFlags.EndHeaders)) return;
        var (block, count) = (_block!, _blockCount);
        (_block, _blockCount) = (null, 0);
        EndBlock(block.AsSpan(0, count));
        ArrayPool<byte>.Shared.Return(block);
    }

    private void CountIfEmpty(ReadOnlySpan<byte> fragment)
    {
        if (fragment.IsEmpty) CountEmptyFrame();
    }

    // [pad length 1][priority 5] fragment [padding]
    private bool TryFindFragment(ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> fragment)
    {
        var padding = 0;
        fragment = payload;
        if (_frame.Has(FrameFlags.Padded))
        {
            padding = fragment[0];
            fragment = fragment[1..];
        }
        var priority = _frame.Has(FrameFlags.Priority) ? 5 : 0;
        if (priority > fragment.Length)
            Fail(Http2ErrorCode.FrameSizeError, $"HEADERS of {payload.Length} bytes has no room for its priority (RFC 9113 §6.2).");
        else if (padding > fragment.Length - priority)
            Fail(Http2ErrorCode.ProtocolError, $"Padding of {padding} bytes in {payload.Length} bytes of HEADERS (RFC 9113 §6.2).");
        else
            fragment = fragment[priority..^padding];
        return !IsEnded;
    }

    private void Gather(ReadOnlySpan<byte> fragment)
    {
        if (_block is null || _block.Length < _blockCount + fragment.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_blockCount + fragment.Length, _blockCount * 2));
            if (_block is not null)
            {
                _block.AsSpan(0, _blockCount).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_block);
            }
            _block = larger;
        }
        fragment.CopyTo(_block.AsSpan(_blockCount));
        _blockCount += fragment.Length;
    }

    private void EndBlock(ReadOnlySpan<byte> block)
    {
        var id = _blockStream;
        _blockStream = 0;
        var headers = HeaderListCache.Rent();
        var result = _decoder.Decode(block, headers, _options.MaxHeaderListBytes);
        if (result == HpackResult.Invalid)
            Fail(Http2ErrorCode.CompressionError, $"Header block on stream {id}: {_decoder.Error}");
        else if (result == HpackResult.Bomb)
            Calm($"a header list many times as large as {nameof(Http2Options.MaxHeaderListBytes)} ({_options.MaxHeaderListBytes}) allows");
        else if (_streams.Find(id) is { } stream)
            OnFurtherHeaders(stream, headers, result);
        else if (IsServer && id > _lastPeerStreamId)
            OnRequest(id, headers, result);
        else
            OnHeadersOfClosed(id);
        HeaderListCache.Return(headers);
    }

    private void OnHeadersOfClosed(uint id)
    {
        if (_recentResets.Contains(id))
        {
            if (_blockEndsStream) _recentResets.Remove(id);
        }
        else if (id > _goAwayLastId)
            return; // opened after our GOAWAY
        else if (IsServer && _peerStreamsSeen != (_lastPeerStreamId + 1) / 2)
            // It left numbers out, and this may be one of them: those may not be used any more (§5.1.1).
            Fail(Http2ErrorCode.ProtocolError, $"HEADERS on stream {id} after stream {_lastPeerStreamId} was opened (RFC 9113 §5.1.1).");
        else
            Fail(Http2ErrorCode.StreamClosed, $"HEADERS on closed stream {id} (RFC 9113 §5.1).");
    }

    private void OnRequest(uint id, HeaderList headers, HpackResult result)
    {
        if (id > _goAwayLastId) return; // §6.8: ignored, the client knows that it may try elsewhere
        _lastPeerStreamId = id;
        _peerStreamsSeen++;
        _ignored.Forgive(1);
        if (result == HpackResult.TooLarge)
            RefuseTooLarge(id);
        else if (MessageRules.CheckRequest(headers, _options.ExtendedConnect, _blockEndsStream, out var facts) is { } problem)
            Refuse(id, Http2ErrorCode.ProtocolError, problem);
        else if (_streams.Count >= _options.MaxConcurrentStreams)
            Refuse(id, Http2ErrorCode.RefusedStream,
                $"The peer has {_streams.Count} streams open; {nameof(Http2Options.MaxConcurrentStreams)} is {_options.MaxConcurrentStreams}.");
        else
            Accept(id, headers, facts);
    }

    private void Accept(uint id, HeaderList headers, MessageFacts facts)
    {
        var stream = new Http2Stream(id, _peerInitialWindow, InitialReceiveWindow) { ContentRemaining = facts.ContentLength };
        stream.Flags |= StreamFlags.FinalReceived;
        if (facts.IsConnect) stream.Flags |= StreamFlags.Connect;
        if (facts.IsHead) stream.Flags |= StreamFlags.Head;
        if (_blockEndsStream) stream.Flags |= StreamFlags.RemoteEnded;
        _streams.Add(stream);
        headers.Kind = HeaderKind.Request;
        Announce(stream, headers);
    }

    private void Announce(Http2Stream stream, HeaderList headers)
    {
        var ends = _blockEndsStream;
        if (ends) stream.Flags |= StreamFlags.RemoteEnded;
        _handler.OnHeaders(stream, headers, ends);
        if (ends) CloseIfDone(stream);
    }

    private void Refuse(uint id, Http2ErrorCode code, string reason)
    {
        FailStream(id, code, peerMaySend: !_blockEndsStream);
        _handler.OnRefused(id, code, reason);
    }

    // RFC 9113 §10.5.1, RFC 6585 §5. The client need not send the rest of its request (§8.1).
    private void RefuseTooLarge(uint id)
    {
        var response = HeaderListCache.Rent();
        response.Add(":status"u8, "431"u8);
        WriteHeaderBlock(id, response, endStream: true);
        HeaderListCache.Return(response);
        if (_blockEndsStream) CountStreamFault();
        else FailStream(id, Http2ErrorCode.NoError, peerMaySend: true);
        _handler.OnRefused(id, Http2ErrorCode.EnhanceYourCalm,
            $"The header list is larger than {nameof(Http2Options.MaxHeaderListBytes)} ({_options.MaxHeaderListBytes}); answered 431.");
    }

    private void OnFurtherHeaders(Http2Stream stream, HeaderList headers, HpackResult result)
    {
        if (stream.RemoteEnded)
            FailStream(stream, Http2ErrorCode.StreamClosed); // §5.1, half-closed (remote)
        else if (result == HpackResult.TooLarge)
            FailStream(stream, Http2ErrorCode.EnhanceYourCalm);
        else if (stream.Has(StreamFlags.FinalReceived))
            OnTrailers(stream, headers);
        else
            OnResponse(stream, headers);
    }

    private void OnTrailers(Http2Stream stream, HeaderList headers)
    {
        var fits = _blockEndsStream && !stream.IsConnect && MessageRules.CheckTrailers(headers) is null && stream.ContentRemaining <= 0;
        headers.Kind = HeaderKind.Trailers;
        if (fits) Announce(stream, headers);
        else FailStream(stream, Http2ErrorCode.ProtocolError);
    }

    private void OnResponse(Http2Stream stream, HeaderList headers)
    {
        if (MessageRules.CheckResponse(headers, _blockEndsStream, stream.Has(StreamFlags.Head), stream.IsConnect, out var facts) is not null)
        {
            FailStream(stream, Http2ErrorCode.ProtocolError);
            return;
        }
        if (facts.IsInterim)
        {
            CountEmptyFrame(); // it moves no data either
            if (IsEnded) return;
        }
        else
        {
            stream.Flags |= StreamFlags.FinalReceived;
            stream.ContentRemaining = facts.ContentLength;
            // A refused CONNECT is answered like any request: with content and trailers (RFC 9110 §9.3.6).
            if (!facts.IsConnect) stream.Flags &= ~StreamFlags.Connect;
        }
        headers.Kind = facts.IsInterim ? HeaderKind.Interim : HeaderKind.Response;
        Announce(stream, headers);
    }
}
