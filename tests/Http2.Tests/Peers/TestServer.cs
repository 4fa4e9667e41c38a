using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Http2.Tests.Wire;

namespace Ambient.Http2.Tests.Peers;

/// <summary>A cleartext HTTP/2 server: <c>/bytes/N</c> answers N bytes, POST answers as many bytes as came.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new(TimeSpan.FromSeconds(60));
    private readonly Task _accepting;
    private readonly Http2Options _options;

    public TestServer(Http2Options? options = null)
    {
        _options = options ?? new Http2Options();
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        _accepting = Task.Run(AcceptAsync);
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}";

    public List<Http2Error> Errors { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException) { }
        await Task.WhenAll(connections);
    }

    private async Task ServeAsync(Socket socket)
    {
        using var owned = socket;
        socket.NoDelay = true;
        var server = new Session(socket, _options);
        try
        {
            await server.RunAsync(_stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException) { }
        if (server.Connection.Error is not { } error) return;
        lock (Errors) Errors.Add(error);
    }

    private sealed class Session(Socket socket, Http2Options options) : SocketDriver(socket, Http2Role.Server, options)
    {
        private readonly HeaderList _response = new();

        public override void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream)
        {
            if (headers.Kind == HeaderKind.Request) stream.State = new StreamContent { Left = WantedBytes(headers.Path) };
            else ((StreamContent)stream.State!).Trailers = Recorder.Show(headers);
            if (endStream) Answer(stream);
        }

        public override void OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream)
        {
            base.OnData(stream, chunk, endStream);
            if (endStream) Answer(stream);
        }

        private void Answer(Http2Stream stream)
        {
            var content = (StreamContent)stream.State!;
            content.Left += content.Received.WrittenCount;
            _response.Clear();
            _response.Add(":status"u8, "200"u8);
            _response.Add("content-length"u8, content.Left.ToString());
            if (content.Trailers.Length > 0) _response.Add("seen-trailers"u8, content.Trailers);
            Connection.SendHeaders(stream, _response, endStream: content.Left == 0);
            Send(stream);
        }

        private static int WantedBytes(ReadOnlySpan<byte> path) =>
            path.StartsWith("/bytes/"u8) ? int.Parse(Encoding.ASCII.GetString(path[7..])) : 0;
    }
}
