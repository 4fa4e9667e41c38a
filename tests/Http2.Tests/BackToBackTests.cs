using Ambient.Http2.Tests.Wire;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ambient.Http2.Tests;

/// <summary>Two engines, one client and one server, with a random order of everything.</summary>
public class BackToBackTests
{
    [Fact]
    public void Every_byte_arrives_once_and_in_order_whatever_the_schedule() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var talk = new Talk(seed);
            for (var turn = 0; turn < 100_000 && !talk.IsDone; turn++) talk.Step();
            return talk.IsDone && talk.IsRight ? true : throw new InvalidOperationException($"{talk}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    private sealed class Talk
    {
        private readonly Random _random;
        private readonly End _client;
        private readonly End _server;
        private readonly HeaderList _request = FrameBuilder.Fields(":method: CONNECT", ":authority: 10.0.0.1:80", "baggage: a=b");
        private int _toOpen = 12;

        public Talk(int seed)
        {
            _random = new Random(seed);
            _client = new End(Http2Role.Client, _random, Options());
            _server = new End(Http2Role.Server, _random, Options());
            _client.Connection.Start();
            _server.Connection.Start();
        }

        public bool IsDone => _toOpen == 0 && _client.Connection.OpenStreams == 0 && _server.Connection.OpenStreams == 0;

        public bool IsRight => _client.IsRight && _server.IsRight && _client.Connection.Error is null && _server.Connection.Error is null;

        public override string ToString() => $"done {IsDone}, {_toOpen} to open; client {_client}; server {_server}";

        public void Step()
        {
            switch (_random.Next(8))
            {
                case 0 when _toOpen > 0 && _client.Connection.CanOpen:
                    _client.Known.Add(_client.Connection.TryOpen(_request, endStream: false, new Content(_random))!);
                    _toOpen--;
                    break;
                case 1 or 2: _client.Transfer(_server); break;
                case 3 or 4: _server.Transfer(_client); break;
                case 5: _client.SendSome(); break;
                case 6: _server.SendSome(); break;
                default: (_random.Next(2) == 0 ? _client : _server).Consume(); break;
            }
        }

        private Http2Options Options() => new()
        {
            StreamWindow = _random.Next(3000, 100_000),
            ConnectionWindow = 65535 + _random.Next(20_000),
            ConnectionCredit = (ConnectionCredit)_random.Next(2),
            MaxConcurrentStreams = _random.Next(1, 8),
            AssumedMaxConcurrentStreams = 1,
            HeaderTableBytes = _random.Next(2) * 4096,
        };
    }

    /// <summary>What a stream sends and receives: the bytes count up, so that order and loss show.</summary>
    private sealed class Content(Random random)
    {
        public int Total { get; } = random.Next(0, 60_000);
        public int Sent { get; set; }
        public bool SentEnd { get; set; }
        public int Received { get; set; }
        public int Unread { get; set; }
    }

    private sealed class End : IHttp2Handler, IHttp2Output
    {
        private readonly Random _random;
        private readonly Queue<byte> _output = new();
        private long _written;
        private bool _wrong;

        public End(Http2Role role, Random random, Http2Options options)
        {
            _random = random;
            Connection = new Http2Connection(role, options, this, this, new ManualTime());
        }

        public Http2Connection Connection { get; }
        public List<Http2Stream> Known { get; } = [];
        public bool IsRight => !_wrong && Known.All(stream => stream.State is Content { SentEnd: true } content && content.Sent == content.Total);
        public long SentBytes => _written - _output.Count;

        public override string ToString() =>
            $"right {IsRight} error {Connection.Error} open {Connection.OpenStreams} windows {Connection.SendWindow}/{Connection.ReceiveWindow} output {_output.Count}: " +
            string.Join(", ", Known.Select(stream => $"{stream.Id}: {((Content)stream.State!).Sent}/{((Content)stream.State!).Total} window {stream.SendWindow}/{stream.ReceiveWindow} unread {((Content)stream.State!).Unread}"));

        public void Write(ReadOnlySpan<byte> frameBytes)
        {
            foreach (var b in frameBytes) _output.Enqueue(b);
            _written += frameBytes.Length;
        }

        public void Transfer(End to)
        {
            var bytes = new byte[Math.Min(_output.Count, _random.Next(4) == 0 ? _random.Next(12) : _random.Next(30_000))];
            for (var i = 0; i < bytes.Length; i++) bytes[i] = _output.Dequeue();
            if (!to.Connection.Receive(bytes)) to._wrong = true;
        }

        public void SendSome()
        {
            if (Known.Count > 0) Send(Known[_random.Next(Known.Count)]);
        }

        public void Consume()
        {
            foreach (var stream in Known)
            {
                var content = (Content)stream.State!;
                var bytes = _random.Next(content.Unread + 1);
                content.Unread -= bytes;
                Connection.Credit(stream, bytes);
            }
        }

        public void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream)
        {
            if (headers.Kind == HeaderKind.Response) return;
            _wrong |= headers.Kind != HeaderKind.Request;
            stream.State = new Content(_random);
            Known.Add(stream);
            Connection.SendHeaders(stream, FrameBuilder.Fields(":status: 200"), endStream: false);
        }

        public void OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream)
        {
            var content = (Content)stream.State!;
            foreach (var b in chunk.Span) _wrong |= b != (byte)content.Received++;
            content.Unread += chunk.Length;
            if (_random.Next(3) == 0) Send(stream);
        }

        public void OnSendable(Http2Stream stream) => Send(stream);

        public void OnReset(Http2Stream stream, Http2ErrorCode code) => _wrong = true;
        public void OnGoAway(uint lastStreamId, Http2ErrorCode code) => _wrong = true;
        public void OnPingAck(ulong opaque) => _wrong = true;
        public void OnPeerSettings() { }

        public void OnStreamClosed(Http2Stream stream) => _wrong |= !stream.LocalEnded || !stream.RemoteEnded;

        private void Send(Http2Stream stream)
        {
            var content = (Content)stream.State!;
            if (content.SentEnd) return;
            if (content.Sent == content.Total)
            {
                content.SentEnd = true;
                Connection.SendData(stream, [], endStream: true);
                return;
            }
            var length = Math.Min(Connection.Sendable(stream), Math.Min(content.Total - content.Sent, _random.Next(1, 20_000)));
            if (length == 0) return;
            var data = new byte[length];
            for (var i = 0; i < length; i++) data[i] = (byte)content.Sent++;
            content.SentEnd = content.Sent == content.Total && _random.Next(2) == 0;
            Connection.SendData(stream, data, content.SentEnd);
        }
    }
}
