using Ambient.Http2.Frames;

namespace Ambient.Http2;

// DATA: windows and rules are settled at the frame's header, then its bytes are passed through as they come.
public sealed partial class Http2Connection
{
    private Http2Stream? _dataStream;   // null: the content is discarded
    private int _dataLeft;              // content bytes of the frame still to come, padding not counted

    private void BeginDataFrame()
    {
        if (_frame.Length > _receiveWindow)
        {
            Fail(Http2ErrorCode.FlowControlError,
                $"DATA of {_frame.Length} bytes; the connection's window is {_receiveWindow} (RFC 9113 §6.9.1).");
            return;
        }
        _receiveWindow -= _frame.Length;
        _dataStream = FindForData();
        if (IsEnded) return;
        if (_dataStream is not null && CheckData(_dataStream) is { } fault)
        {
            FailStream(_dataStream, fault);
            _dataStream = null;
        }
        if (_dataStream is null)
        {
            if (_frame.Length == 0 && !_frame.Has(FrameFlags.EndStream)) CountEmptyFrame();
            Skip();
            return;
        }
        _dataStream.ReceiveWindow -= _frame.Length;
        if (_frame.Has(FrameFlags.Padded)) _phase = Phase.PadLength;
        else BeginContent(_frame.Length);
    }

    private Http2Stream? FindForData()
    {
        var id = _frame.StreamId;
        if (_streams.Find(id) is { } stream) return stream;
        if (_recentResets.Contains(id))
        {
            if (_frame.Has(FrameFlags.EndStream)) _recentResets.Remove(id);
        }
        else if (id > _goAwayLastId)
            return null; // opened after our GOAWAY
        else if (IsIdle(id))
            Fail(Http2ErrorCode.ProtocolError, $"DATA on idle stream {id} (RFC 9113 §5.1).");
        else
            Fail(Http2ErrorCode.StreamClosed, $"DATA on closed stream {id} (RFC 9113 §5.1).");
        return null;
    }

    private Http2ErrorCode? CheckData(Http2Stream stream)
    {
        if (stream.RemoteEnded) return Http2ErrorCode.StreamClosed; // §5.1, half-closed (remote)
        if (_frame.Length > Math.Max(0, stream.ReceiveWindow)) return Http2ErrorCode.FlowControlError; // nothing needs no window, §6.9
        if (!stream.Has(StreamFlags.FinalReceived)) return Http2ErrorCode.ProtocolError; // content before the response, §8.1
        return null;
    }

    private int ReadPadLength(byte padding)
    {
        _left--;
        CreditConnection(1);
        if (padding > _left)
        {
            Fail(Http2ErrorCode.ProtocolError, $"Padding of {padding} bytes in {_left + 1} bytes of DATA (RFC 9113 §6.1).");
            return 1;
        }
        CreditStream(_dataStream!, 1 + padding); // the application never sees it
        BeginContent(_left - padding);
        return 1;
    }

    private void BeginContent(int length)
    {
        var stream = _dataStream!;
        var ends = _frame.Has(FrameFlags.EndStream);
        if (stream.IsClosed || !FitsContentLength(stream, length, ends))
        {
            FailStream(stream, Http2ErrorCode.ProtocolError);
            Skip();
            return;
        }
        _dataLeft = length;
        if (length > 0)
        {
            _phase = Phase.Data;
            return;
        }
        Skip();
        if (ends) Deliver(stream, default, endStream: true);
        else CountEmptyFrame();
    }

    // RFC 9113 §8.1.1
    private static bool FitsContentLength(Http2Stream stream, int length, bool ends)
    {
        if (stream.ContentRemaining < 0) return true;
        stream.ContentRemaining -= length;
        return ends ? stream.ContentRemaining == 0 : stream.ContentRemaining >= 0;
    }

    private int ReadData(ReadOnlyMemory<byte> bytes)
    {
        var length = Math.Min(bytes.Length, _dataLeft);
        _dataLeft -= length;
        _left -= length;
        var ends = _dataLeft == 0 && _frame.Has(FrameFlags.EndStream);
        if (_dataLeft == 0) Skip();

        var stream = _dataStream!;
        var discarded = stream.IsClosed;
        if (discarded || _options.ConnectionCredit == ConnectionCredit.OnReceipt) CreditConnection(length);
        if (!discarded && !IsEnded) Deliver(stream, bytes[..length], ends);
        else if (ends) _recentResets.Remove(stream.Id);
        return length;
    }

    private void Deliver(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream)
    {
        if (endStream) stream.Flags |= StreamFlags.RemoteEnded;
        _handler.OnData(stream, chunk, endStream);
        if (endStream) CloseIfDone(stream);
    }
}
