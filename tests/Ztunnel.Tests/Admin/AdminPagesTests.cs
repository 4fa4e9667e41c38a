using System.Net;
using System.Text.Json;
using Ambient.Hosting.Health;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Pages;
using Ambient.Hosting.Stopping;
using Ambient.Linux.Sockets;
using Ambient.Model.State;
using Ambient.TestKit.Peers;
using Ambient.Transport;
using Ambient.Ztunnel.Admin;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Ztunnel.Tests.Admin;

public sealed class AdminPagesTests : IAsyncLifetime
{
    private readonly DumpScene _scene = new();
    private readonly EventLoop _loop = new("admin", TimeProvider.System);
    private readonly LogLevels _levels = new(LogFilter.Parse("info"));
    private readonly StopSignal _stop = new(() => { });
    private readonly ReadinessTasks _readiness = new();
    private string _url = "";

    public async ValueTask InitializeAsync()
    {
        var options = _scene.Options.Set("NODE_NAME", "node<1>").Read();
        var build = BuildInfo.Current("1.30.0");
        var index = new IndexPage(options, build, _readiness, new MeshState(), _scene.Traffic.Ledgers, () => 3);
        var pages = new AdminPages(new ConfigDump(options, build, _scene, _scene.Traffic.Ledgers), new LoggingPage(_levels), new StopPage(_stop), index);
        var server = new PageServer(_loop, new PageServerOptions(), pages.RespondAsync, NullLogger<PageServer>.Instance);
        _loop.Start();
        var at = await _loop.RunAsync(() => new ValueTask<IPEndPoint>(server.Listen(ListeningSocket.Open(new(IPAddress.Loopback, 0), new ListenOptions()))));
        _url = $"http://{at}";
    }

    public ValueTask DisposeAsync()
    {
        _loop.Dispose();
        _scene.Dispose();
        _stop.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_index_shows_how_the_node_is_and_escapes_what_it_shows()
    {
        _readiness.Begin("state manager");

        var (status, body) = await CurlAsync("/");

        Assert.Equal(200, status);
        Assert.Contains("node&lt;1&gt;", body);
        Assert.Contains("Not ready, pending: state manager", body);
        Assert.Contains("<b>3</b>pods served", body);
        Assert.Contains("href=\"config_dump\"", body);
    }

    [Fact]
    public async Task The_dump_is_served_as_JSON()
    {
        var (status, body) = await CurlAsync("/config_dump");

        Assert.Equal(200, status);
        using var dump = JsonDocument.Parse(body);
        Assert.Equal(JsonValueKind.Object, dump.RootElement.ValueKind);
    }

    [Fact]
    public async Task Log_levels_are_shown_changed_and_reset()
    {
        Assert.Equal((200, "current log level is info\n"), await CurlAsync("/logging", "-X", "POST"));
        Assert.Equal((200, "current log level is debug\n"), await CurlAsync("/logging?level=debug", "-X", "POST"));
        Assert.Equal((200, "current log level is debug,access=off,ztunnel::pods=trace\n"), await CurlAsync("/logging?level=ztunnel::pods=trace,access=off", "-X", "POST"));
        Assert.True(_levels.ForScope("ztunnel::pods::x").IsEnabled(LogLevel.Trace));

        Assert.Equal((200, "current log level is info\n"), await CurlAsync("/logging?reset", "-X", "POST"));
        Assert.Equal((200, "current log level is warn\n"), await CurlAsync("/logging?reset&level=warn", "-X", "POST"));
        Assert.False(_levels.ForScope("ztunnel::pods::x").IsEnabled(LogLevel.Information));
    }

    [Theory]
    [InlineData("/logging?level=shout", "POST", 400)]
    [InlineData("/logging?level=access", "POST", 400)]
    [InlineData("/logging?colour=red", "POST", 400)]
    [InlineData("/logging", "GET", 405)]
    public async Task Wrong_log_requests_are_told_the_usage_and_change_nothing(string path, string method, int expected)
    {
        var (status, body) = await CurlAsync(path, "-X", method);

        Assert.Equal(expected, status);
        Assert.Contains("usage: POST /logging", body);
        Assert.Equal("info", _levels.Current.ToString());
    }

    [Fact]
    public async Task Quitting_needs_a_post_and_stops_the_process()
    {
        Assert.Equal(405, (await CurlAsync("/quitquitquit")).Status);
        Assert.False(_stop.Requested.IsCompleted);

        Assert.Equal((200, "shutdown now\n"), await CurlAsync("/quitquitquit", "-X", "POST"));
        Assert.Equal("/quitquitquit", await _stop.Requested.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System));
    }

    [Theory]
    [InlineData("/debug/pprof/profile", 501, "perf record")]
    [InlineData("/debug/pprof/heap", 501, "managed heap")]
    [InlineData("/debug/pprof/x", 404, "no page")]
    [InlineData("/nonsense", 404, "no page")]
    public async Task Other_pages_say_what_to_do_instead(string path, int expected, string text)
    {
        var (status, body) = await CurlAsync(path);

        Assert.Equal(expected, status);
        Assert.Contains(text, body);
    }

    private async Task<(int Status, string Body)> CurlAsync(string path, params string[] arguments)
    {
        var output = await PeerProcess.RunAsync("curl", ["-sS", "-g", "--max-time", "20", "-w", "|%{http_code}", .. arguments, _url + path]);
        var bar = output.LastIndexOf('|');
        // The harness collects whole lines, so the status ends with one of its own.
        return (int.Parse(output.AsSpan(bar + 1).Trim(), System.Globalization.CultureInfo.InvariantCulture), output[..bar]);
    }
}
