using System.Net;
using System.Net.Sockets;
using Ambient.Http2.Tests.Wire;

namespace Ambient.Http2.Tests.Peers;

/// <summary>Sends requests to a cleartext HTTP/2 server, as many at a time as it allows, and collects the answers.</summary>
internal sealed class TestClient : SocketDriver
{
    private readonly Queue<(string Method, string Path, int Bytes)> _requests;
    private int _open;

    private TestClient(Socket socket, Http2Options options, IEnumerable<(string Method, string Path, int Bytes)> requests)
        : base(socket, Http2Role.Client, options) => _requests = new(requests);

    public List<StreamContent> Answers { get; } = [];

    public List<Http2ErrorCode> Resets { get; } = [];

    protected override bool IsDone => _requests.Count == 0 && _open == 0;

    public static async Task<TestClient> RunAsync(int port, Http2Options options, IEnumerable<(string Method, string Path, int Bytes)> requests)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        var client = new TestClient(socket, options, requests);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await client.RunAsync(limit.Token);
        return client;
    }

    public override void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream)
    {
        var answer = (StreamContent)stream.State!;
        if (headers.Kind == HeaderKind.Response) answer.Status = headers.Status;
        if (headers.Kind == HeaderKind.Trailers) answer.Trailers = Recorder.Show(headers);
        answer.Ended |= endStream;
    }

    public override void OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream)
    {
        base.OnData(stream, chunk, endStream);
        ((StreamContent)stream.State!).Ended |= endStream;
    }

    public override void OnReset(Http2Stream stream, Http2ErrorCode code) => Resets.Add(code);

    public override void OnPeerSettings() => OpenMore();

    public override void OnStreamClosed(Http2Stream stream)
    {
        _open--;
        Answers.Add((StreamContent)stream.State!);
        OpenMore();
    }

    private void OpenMore()
    {
        while (_requests.Count > 0 && Connection.CanOpen)
        {
            var (method, path, bytes) = _requests.Dequeue();
            var headers = FrameBuilder.Fields($":method: {method}", ":scheme: http", $":path: {path}", ":authority: 127.0.0.1", "user-agent: test");
            _open++;
            var stream = Connection.TryOpen(headers, endStream: bytes == 0, new StreamContent { Left = bytes })!;
            Send(stream);
        }
    }
}
