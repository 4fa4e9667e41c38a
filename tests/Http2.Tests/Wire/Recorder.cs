using System.Buffers.Binary;
using System.Text;
using Ambient.Http2.Frames;
using Ambient.Http2.Hpack;

namespace Ambient.Http2.Tests.Wire;

/// <summary>Writes down, one line each, what a connection reports and what it sends.</summary>
internal sealed class Recorder : IHttp2Handler, IHttp2Output
{
    private readonly StringBuilder _content = new();
    private readonly List<string> _events = [];
    private readonly HpackDecoder _sentHeaders = new(4096);
    private List<byte> _sent = [];
    private uint _contentOf;

    /// <summary>What else happens with headers, content, and window; null: nothing.</summary>
    public Action<Http2Stream, HeaderList, bool>? Headers { get; set; }
    public Action<Http2Stream, ReadOnlyMemory<byte>, bool>? Data { get; set; }
    public Action<Http2Stream>? Sendable { get; set; }
    public Action<Http2Stream>? Closed { get; set; }

    /// <summary>False: the peer reads nothing.</summary>
    public bool Flows { get; set; } = true;

    public long SentBytes { get; private set; }

    public long Written { get; private set; }

    public Dictionary<uint, Http2Stream> Streams { get; } = [];

    /// <summary>Events so far; chunks of one stream's content that follow each other are one line.</summary>
    public IReadOnlyList<string> Events
    {
        get
        {
            EndContent();
            return _events;
        }
    }

    public void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream)
    {
        Streams[stream.Id] = stream;
        Add($"{headers.Kind} {stream.Id}{(endStream ? " end" : "")} {Show(headers)}");
        Headers?.Invoke(stream, headers, endStream);
    }

    public void OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream)
    {
        if (_contentOf != stream.Id) EndContent();
        _contentOf = stream.Id;
        _content.Append(Convert.ToHexString(chunk.Span));
        if (endStream)
        {
            _content.Append(" end");
            EndContent();
        }
        Data?.Invoke(stream, chunk, endStream);
    }

    public void OnReset(Http2Stream stream, Http2ErrorCode code) => Add($"Reset {stream.Id} {code}{(stream.WasResetByPeer ? " by peer" : "")}");

    public void OnSendable(Http2Stream stream)
    {
        Add($"Sendable {stream.Id}");
        Sendable?.Invoke(stream);
    }

    public void OnGoAway(uint lastStreamId, Http2ErrorCode code) => Add($"GoAway {lastStreamId} {code}");

    public void OnPingAck(ulong opaque) => Add($"PingAck {opaque}");

    public void OnPeerSettings() => Add("PeerSettings");

    public void OnStreamClosed(Http2Stream stream)
    {
        Add($"Closed {stream.Id}");
        Closed?.Invoke(stream);
    }

    public void OnRefused(uint streamId, Http2ErrorCode code, string reason) => Add($"Refused {streamId} {code}");

    public void Write(ReadOnlySpan<byte> frameBytes)
    {
        Written += frameBytes.Length;
        if (Flows) SentBytes = Written;
        _sent.AddRange(frameBytes);
    }

    /// <summary>Everything written so far leaves.</summary>
    public void Flush() => SentBytes = Written;

    /// <summary>Takes what was sent since the last call, raw.</summary>
    public byte[] TakeSent()
    {
        var sent = _sent.ToArray();
        _sent = [];
        return sent;
    }

    /// <summary>The same as one line for each frame.</summary>
    public List<string> TakeFrames()
    {
        var frames = new List<string>();
        var sent = TakeSent().AsSpan();
        if (sent.StartsWith("PRI"u8)) sent = sent[24..];
        while (!sent.IsEmpty)
        {
            var header = FrameHeader.Read(sent);
            frames.Add(Show(header, sent.Slice(FrameHeader.Size, header.Length)));
            sent = sent[(FrameHeader.Size + header.Length)..];
        }
        return frames;
    }

    public static string Show(HeaderList headers)
    {
        var text = new StringBuilder();
        for (var i = 0; i < headers.Count; i++)
        {
            var field = headers[i];
            text.Append(i == 0 ? "" : "; ").Append(Encoding.Latin1.GetString(field.Name)).Append('=').Append(Encoding.Latin1.GetString(field.Value));
        }
        return text.ToString();
    }

    private string Show(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var end = header.Has(FrameFlags.EndStream);
        switch (header.Type)
        {
            case FrameType.Data: return $"DATA {header.StreamId} {header.Length}{(end ? " end" : "")}";
            case FrameType.Headers:
                var list = new HeaderList();
                _sentHeaders.Decode(payload, list, int.MaxValue);
                return $"HEADERS {header.StreamId}{(end ? " end" : "")} {Show(list)}";
            case FrameType.RstStream: return $"RST_STREAM {header.StreamId} {(Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload)}";
            case FrameType.Settings: return end ? "SETTINGS ack" : "SETTINGS";
            case FrameType.Ping: return $"PING{(end ? " ack" : "")} {BinaryPrimitives.ReadUInt64BigEndian(payload)}";
            case FrameType.GoAway:
                return $"GOAWAY {BinaryPrimitives.ReadUInt32BigEndian(payload)} {(Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(payload[4..])}";
            case FrameType.WindowUpdate: return $"WINDOW_UPDATE {header.StreamId} {BinaryPrimitives.ReadUInt32BigEndian(payload)}";
            default: return $"{header.Type} {header.StreamId}";
        }
    }

    private void Add(string line)
    {
        EndContent();
        _events.Add(line);
    }

    private void EndContent()
    {
        if (_contentOf == 0) return;
        _events.Add($"Data {_contentOf} {_content}");
        _content.Clear();
        _contentOf = 0;
    }
}
