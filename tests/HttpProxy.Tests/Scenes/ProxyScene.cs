using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Http1.Heads;
using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests.Scenes;

/// <summary>A proxy on one loop, in front of a server that is the test's own: real sockets on both sides.</summary>
internal sealed class ProxyScene : IExchangeOwner, IAsyncDisposable
{
    private readonly EventLoop _loop;
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentQueue<Exception> _defects = new();
    private readonly List<IDisposable> _opened = [];
    private readonly RouteDecision _toServer;
    private AcceptLoop? _accepting;
    private UpstreamPool? _pool;

    private ProxyScene(RoutePlan? plan, UpstreamProtocol protocol, TimeProvider time)
    {
        _loop = new("proxy", time) { UnhandledException = _defects.Enqueue };
        _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _server.Listen();
        Endpoint = (IPEndPoint)_server.LocalEndPoint!;
        _toServer = To(Endpoint, plan, protocol);
        Decide = _ => _toServer;
    }

    /// <summary>The server's.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>Where requests go; the server, unless a test says otherwise.</summary>
    public Func<RequestHead, RouteDecision> Decide { get; set; }

    public ConcurrentQueue<ExchangeReport> Reports { get; } = new();

    public ConcurrentQueue<AttemptReport> Attempts { get; } = new();

    /// <summary>False keeps no reports: for tests that count allocations.</summary>
    public bool KeepsReports { get; set; } = true;

    public EventLoop Loop => _loop;

    public ConnectionSet Connections { get; private set; } = null!;

    public HttpProxyContext Proxy { get; private set; } = null!;

    public IPEndPoint Address { get; private set; } = null!;

    /// <param name="plan">Of the route to the server.</param>
    /// <param name="protocol">What the server speaks.</param>
    /// <param name="time">Of the loop; null: the machine's.</param>
    /// <param name="dialer">To the server; null: plain TCP.</param>
    public static async Task<ProxyScene> StartAsync(
        HttpProxyOptions? options = null, RoutePlan? plan = null, UpstreamProtocol protocol = UpstreamProtocol.Http1, TimeProvider? time = null, IUpstreamDialer? dialer = null)
    {
        var scene = new ProxyScene(plan, protocol, time ?? TimeProvider.System);
        scene._loop.Start();
        await scene._loop.RunAsync(() =>
        {
            scene.Open(options ?? HttpProxyOptions.Default, dialer);
            return ValueTask.CompletedTask;
        });
        return scene;
    }

    public static RouteDecision To(IPEndPoint endpoint, RoutePlan? plan = null, UpstreamProtocol protocol = UpstreamProtocol.Http1) =>
        RouteDecision.To(new("test", [new(endpoint) { Protocol = protocol }]), plan);

    /// <summary>Requests that came, by the loop's count.</summary>
    public int Asked { get; private set; }

    public RouteDecision Route(RequestHead request)
    {
        Asked++;
        return Decide(request);
    }

    public void Ended(RequestHead request, in ExchangeReport report)
    {
        if (!_loop.IsCurrent) _defects.Enqueue(new InvalidOperationException("An exchange ended on a thread that is not its loop's."));
        if (KeepsReports) Reports.Enqueue(report);
    }

    public void Attempted(RequestHead request, in AttemptReport report) => Attempts.Enqueue(report);

    public void Failed(Exception defect) => _defects.Enqueue(defect);

    public async Task<Wire> ConnectAsync() => Own(await Wire.ConnectAsync(Address));

    /// <param name="cut">Bytes in each of its packets at most.</param>
    public async Task<Http2Wire> ConnectHttp2Async(Http2Options? options = null, int? cut = null) => Own(await Http2Wire.ConnectAsync(Address, options, cut));

    /// <summary>The proxy's next connection to the server, over HTTP/2.</summary>
    public async Task<Http2Wire> AcceptHttp2Async(Http2Options? options = null, int? cut = null) => Own(Http2Wire.Serve(new Wire(await NextAsync(default)), options, cut));

    /// <summary>The proxy's next connection to the server.</summary>
    public async Task<Wire> AcceptAsync(CancellationToken stop = default) => Own(new Wire(await NextAsync(stop)));

    /// <summary>A client and the server's connection after one request and its answer, both kept alive.</summary>
    public async Task<(Wire Client, Wire Server)> AfterOneExchangeAsync()
    {
        var client = await ConnectAsync();
        await client.SendAsync("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
        var server = await AcceptAsync();
        await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Assert.EndsWith("\r\n\r\n", await client.ReadHeadAsync());
        Assert.Equal("ok", await client.ReadAsync(2));
        return (client, server);
    }

    /// <summary>The last report once so many have come.</summary>
    public async Task<ExchangeReport> ReportAsync(int count = 1)
    {
        for (var began = TimeProvider.System.GetTimestamp(); Reports.Count < count;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Wire.Limit, $"{Reports.Count} of {count} exchanges were reported");
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }

        return Reports.ElementAt(count - 1);
    }

    /// <summary>Fails the test if a defect escaped, or if a buffer or connection is left.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var wire in _opened) wire.Dispose();
        _server.Dispose();
        await _loop.RunAsync(async () =>
        {
            _accepting!.Dispose();
            await Connections.DrainAsync(TimeSpan.FromSeconds(10));
            _pool!.Dispose();
            Assert.Equal(0, _pool.Open);
            Assert.Equal(0, _loop.Slabs.Rented);
            Assert.Equal(0, Proxy.Replays.Taken);
            Assert.Equal(0, Proxy.ClientWaits.KeptBytes);
            Assert.Equal(0, _toServer.Cluster!.Endpoints[0].Active); // every exchange came to its end
        });
        _loop.Dispose();
        Assert.Empty(_defects);
    }

    private async Task<Socket> NextAsync(CancellationToken stop)
    {
        try
        {
            return await _server.AcceptAsync(stop).AsTask().WaitAsync(Wire.Limit, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            var clients = await _loop.RunAsync(() => ValueTask.FromResult(Connections.Count)).WaitAsync(Wire.Limit, CancellationToken.None);
            throw new TimeoutException($"The proxy, with {clients} connections of clients, opened none in {Wire.Limit.TotalSeconds:0} s. "
                + $"It reported: {string.Join(", ", Attempts)}; {string.Join(", ", Reports)}; {string.Join(", ", _defects)}.");
        }
    }

    private void Open(HttpProxyOptions options, IUpstreamDialer? dialer)
    {
        Connections = new(_loop);
        _pool = new(_loop, dialer ?? new TcpDialer(TimeSpan.FromSeconds(10), DescriptorReserve.OfProcess()), options);
        var proxy = Proxy = new HttpProxyContext(_pool, new Random(1), options);
        var listener = ListeningSocket.Open(new(IPAddress.Loopback, 0), new() { NoDelay = true });
        _accepting = AcceptLoop.Start(_loop, listener, (descriptor, _) => HttpConnection.Start(LoopSocket.Attach(_loop, descriptor), proxy, this, Connections));
        Address = _accepting.LocalName.ToEndPoint();
    }

    private T Own<T>(T wire) where T : IDisposable
    {
        _opened.Add(wire);
        return wire;
    }

    public static string Chunked(params string[] chunks) =>
        string.Concat(chunks.Select(chunk => $"{chunk.Length:x}\r\n{chunk}\r\n")) + "0\r\n\r\n";

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
