using System.Net;
using System.Net.Sockets;
using Ambient.Http2;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.TestKit;

namespace Ambient.HttpProxy.Tests;

/// <summary>All servers that are known are gone, as in the midst of a restart: what becomes of a request of which nothing was sent. The clock is the test's.</summary>
public sealed class NewsTests
{
    private const string Post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    private static readonly RetryPolicy AtOnce = RetryPolicy.Default with { BackoffBase = TimeSpan.Zero };

    private readonly ManualTime _time = new();
    private readonly ClusterState _state;
    private readonly News _news = new();

    public NewsTests()
    {
        _state = new(TrafficPolicy.Default, _time);
        _time.Advance(TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task A_request_that_reached_nobody_is_sent_whole_to_the_server_that_comes_next()
    {
        await using var scene = await StartAsync();
        _news.Current = Cluster(Nobody(1));
        var client = await scene.ConnectAsync();
        await client.SendAsync(Post);

        await _news.AskedAsync(1);
        _news.Tell(Cluster()); // the old one is gone before the new one comes
        await _news.AskedAsync(2);
        _news.Tell(Cluster(new UpstreamEndpoint(scene.Endpoint)));
        var server = await scene.AcceptAsync();
        Assert.EndsWith("abc", await server.ReadToAsync("abc"));
        await server.SendAsync("HTTP/1.1 204 No Content\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 204 ", await client.ReadHeadAsync());
        var report = await scene.ReportAsync();
        Assert.Equal((ExchangeFlag.None, ExchangeMarks.None, scene.Endpoint), (report.Flag, report.Marks, report.Endpoint?.Address));
        Assert.Equal((0, 0), (_news.Current.Retries.Active, _state.Gate.Active));
    }

    [Fact]
    public async Task A_service_that_has_just_lost_its_last_server_is_waited_for()
    {
        await using var scene = await StartAsync();
        _news.Current = Cluster(emptySince: Ago(4.9));
        var client = await scene.ConnectAsync();
        await client.SendAsync(Get);

        await _news.AskedAsync(1);
        _news.Tell(Cluster(new UpstreamEndpoint(scene.Endpoint)));
        await (await scene.AcceptAsync()).SendAsync("HTTP/1.1 204 No Content\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 204 ", await client.ReadHeadAsync());
    }

    [Theory]
    [InlineData(5.01)]
    [InlineData(null)] // it never had one
    public async Task A_service_without_servers_is_not_waited_for(double? seconds)
    {
        await using var scene = await StartAsync();
        _news.Current = Cluster(emptySince: seconds is { } since ? Ago(since) : 0);
        var client = await scene.ConnectAsync();
        await client.SendAsync(Get);

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal((ExchangeFlag.NoServer, 0), ((await scene.ReportAsync()).Flag, _news.Asked));
    }

    [Fact]
    public async Task News_are_waited_for_three_seconds_and_only_while_the_failure_is_news_itself()
    {
        await using var scene = await StartAsync();
        _news.Current = Cluster(Nobody(1));
        var client = await scene.ConnectAsync();
        await client.SendAsync(Get);
        await _news.AskedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal(ExchangeFlag.UpstreamConnectFailed, (await scene.ReportAsync()).Flag);

        _time.Advance(TimeSpan.FromSeconds(2.01)); // it has been failing for 5 s
        var late = await scene.ConnectAsync();
        await late.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 503 ", await late.ReadHeadAsync());
        Assert.Equal(1, _news.Asked);
    }

    [Fact]
    public async Task The_routes_time_goes_on_meanwhile()
    {
        await using var scene = await StartAsync(new() { Retries = AtOnce, Timeout = TimeSpan.FromSeconds(1) });
        _news.Current = Cluster(Nobody(1));
        var client = await scene.ConnectAsync();
        await client.SendAsync(Get);
        await _news.AskedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.StartsWith("HTTP/1.1 504 ", await client.ReadHeadAsync());
    }

    [Fact]
    public async Task A_client_that_leaves_ends_it()
    {
        await using var scene = await StartAsync();
        _news.Current = Cluster(Nobody(1));
        var client = await scene.ConnectHttp2Async();
        var call = client.Get();
        await _news.AskedAsync(1);
        call.Reset(Http2ErrorCode.Cancel);

        Assert.Equal(ExchangeFlag.DownstreamEnded, (await scene.ReportAsync()).Flag);
    }

    [Fact]
    public async Task What_a_server_may_have_seen_does_not_wait()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var scene = await StartAsync(new() { Retries = AtOnce with { On = RetryOn.Reset | RetryOn.ConnectFailure } });
        _news.Current = Cluster(new UpstreamEndpoint((IPEndPoint)listener.LocalEndpoint));
        var client = await scene.ConnectAsync();
        await client.SendAsync(Get);
        using (var server = new Wire(await listener.AcceptSocketAsync()))
        {
            await server.ReadHeadAsync();
            listener.Stop();
        }

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal((ExchangeFlag.UpstreamConnectFailed, 0), ((await scene.ReportAsync()).Flag, _news.Asked));
    }

    [Fact]
    public async Task Who_wants_no_retries_is_answered_at_once()
    {
        await using var scene = await StartAsync(new() { Retries = RetryPolicy.None });
        _news.Current = Cluster(Nobody(1));
        var client = await scene.ConnectAsync();
        await client.SendAsync(Get);

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadHeadAsync());
        Assert.Equal((1, 0), ((await scene.ReportAsync()).Attempts, _news.Asked));
    }

    [Fact]
    public async Task Another_attempt_is_for_the_servers_of_its_own_time()
    {
        await using var scene = await StartAsync();
        var before = Cluster(Nobody(1));
        _news.Current = Cluster(new UpstreamEndpoint(scene.Endpoint));
        scene.Decide = _ => RouteDecision.To(before, new() { Retries = AtOnce });
        var client = await scene.ConnectAsync();
        await client.SendAsync(Get);
        await (await scene.AcceptAsync()).SendAsync("HTTP/1.1 204 No Content\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 204 ", await client.ReadHeadAsync());
        Assert.Equal((2, 0), ((await scene.ReportAsync()).Attempts, _news.Asked));
    }

    private async Task<ProxyScene> StartAsync(RoutePlan? plan = null)
    {
        var scene = await ProxyScene.StartAsync(time: _time);
        scene.Decide = _ => RouteDecision.To(_news.Current, plan ?? new() { Retries = AtOnce });
        return scene;
    }

    private static UpstreamEndpoint Nobody(int port) => new(new(IPAddress.Loopback, port));

    private UpstreamCluster Cluster(params UpstreamEndpoint[] servers) => new("restarted", servers, _state) { News = _news, EmptySince = servers.Length == 0 ? _time.GetTimestamp() : 0 };

    private UpstreamCluster Cluster(long emptySince) => new("empty", [], _state) { News = _news, EmptySince = emptySince };

    private long Ago(double seconds) => _time.GetTimestamp() - (long)(seconds * _time.TimestampFrequency);

    /// <summary>What a test says about the servers, when it says it.</summary>
    private sealed class News : IUpstreamNews
    {
        private readonly Lock _gate = new();
        private readonly SemaphoreSlim _asks = new(0);
        private TaskCompletionSource<UpstreamCluster> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private UpstreamCluster _current = null!;

        public UpstreamCluster Current { get { lock (_gate) return _current; } set { lock (_gate) _current = value; } }

        public int Asked { get; private set; }

        public Task<UpstreamCluster> AfterAsync(UpstreamCluster known)
        {
            lock (_gate)
            {
                Asked++;
                _asks.Release();
                return _next.Task;
            }
        }

        /// <summary>Completes when a request has come to wait for the so-manieth time.</summary>
        public async Task AskedAsync(int times)
        {
            Assert.True(await _asks.WaitAsync(Wire.Limit));
            Assert.Equal(times, Asked);
        }

        public void Tell(UpstreamCluster next)
        {
            lock (_gate)
            {
                var told = _next;
                (_current, _next) = (next, new(TaskCreationOptions.RunContinuationsAsynchronously));
                told.SetResult(next);
            }
        }
    }
}
