using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Hosting.Pages;
using Ambient.Linux.Sockets;
using Ambient.Transport;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Ambient.Hosting.Tests.Pages;

/// <summary>A page server on a loop of its own, listening on a free loopback port.</summary>
internal sealed class ServedPages : IDisposable
{
    private readonly EventLoop _loop;
    private readonly PageServer _server;

    private ServedPages(EventLoop loop, PageServer server, IPEndPoint at) => (_loop, _server, At) = (loop, server, at);

    public IPEndPoint At { get; }

    public string Url => $"http://{At}";

    public int Connections => _server.Connections;

    public static async Task<ServedPages> StartAsync(PageHandler handler, PageServerOptions? options = null, TimeProvider? time = null)
    {
        var loop = new EventLoop("pages", time ?? TimeProvider.System);
        loop.Start();
        var server = new PageServer(loop, options ?? new(), handler, NullLogger<PageServer>.Instance);
        var at = await loop.RunAsync(() => new ValueTask<IPEndPoint>(
            server.Listen(ListeningSocket.Open(new(IPAddress.Loopback, 0), new ListenOptions()))));
        return new(loop, server, at);
    }

    public Task<int> StopAsync(TimeSpan deadline) => _loop.RunAsync(() => _server.StopAsync(deadline));

    /// <summary>Sends bytes and returns all that comes back until the server closes; "(reset)" is appended if it resets.</summary>
    public async Task<string> ExchangeAsync(string request, bool finish = false)
    {
        using var socket = await ConnectAsync();
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        if (finish) socket.Shutdown(SocketShutdown.Send);
        return await ReadToEndAsync(socket);
    }

    /// <summary>Sends a request on a connection that stays open, and returns once its answer has come and the server waits for the next.</summary>
    public Task AnsweredAsync(Socket socket) => HearAsync(socket, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x \n");

    /// <summary>Sends bytes, and returns once something has come back and the server can do no more for now.</summary>
    public async Task HearAsync(Socket socket, string request, string heard)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        var (text, buffer) = ("", new byte[1024]);
        while (!text.Contains(heard, StringComparison.Ordinal))
        {
            var length = await socket.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
            Assert.NotEqual(0, length);
            text += Encoding.ASCII.GetString(buffer, 0, length);
        }
        await _loop.RunAsync(static () => ValueTask.FromResult(true)); // the turn that sent the answer has ended
    }

    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(At);
        return socket;
    }

    public static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        try
        {
            while (await socket.ReceiveAsync(buffer, limit.Token) is > 0 and var length) text.Append(Encoding.Latin1.GetString(buffer, 0, length));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset) { text.Append("(reset)"); }
        return text.ToString();
    }

    public void Dispose() => _loop.Dispose();
}
