using System.Net;
using Ambient.ControlPlane.Options;
using Ambient.Hosting;
using Ambient.Hosting.Health;
using Ambient.Hosting.Metrics;
using Ambient.Hosting.Pages;
using Ambient.Linux.Sockets;
using Ambient.Transport;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Pages;

/// <summary>The process's own pages: metrics and readiness for everybody, dumps and log levels on loopback only.</summary>
internal sealed class ControlPlanePages : IDisposable
{
    private readonly EventLoop _loop;
    private readonly ILogger<PageServer> _logger;
    private readonly List<PageServer> _servers = [];

    private ControlPlanePages(TimeProvider time, AcceptPauses pauses, ILogger<PageServer> logger)
    {
        _logger = logger;
        _loop = new("ambient-pages", time) { AcceptPaused = pauses.Report };
        _loop.Start();
    }

    public IPEndPoint Monitoring { get; private set; } = null!;
    public IPEndPoint Health { get; private set; } = null!;
    public IPEndPoint Admin { get; private set; } = null!;

    /// <exception cref="Linux.LinuxException">A port is taken.</exception>
    public static async Task<ControlPlanePages> StartAsync(
        PortOptions ports, MetricRegistry metrics, ReadinessTasks readiness, PageHandler admin, TimeProvider time, ILoggerFactory loggers)
    {
        var pages = new ControlPlanePages(time, new(metrics, time, loggers.CreateLogger<AcceptPauses>()), loggers.CreateLogger<PageServer>());
        var ready = new ReadyPage(readiness);
        var metricsPage = new MetricsPage(metrics);
        pages.Monitoring = await pages.ServeAsync(request => ready.Serves(request) ? ready.RespondAsync(request) : metricsPage.RespondAsync(request), new(IPAddress.IPv6Any, ports.Monitoring));
        pages.Health = await pages.ServeAsync(ready.RespondAsync, new(IPAddress.IPv6Any, ports.Health));
        pages.Admin = await pages.ServeAsync(admin, new(IPAddress.Loopback, ports.Admin));
        return pages;
    }

    public Task StopAsync() => _loop.RunAsync(async () =>
    {
        foreach (var server in _servers) await server.StopAsync(TimeSpan.FromSeconds(1));
    });

    public void Dispose() => _loop.Dispose();

    private async Task<IPEndPoint> ServeAsync(PageHandler handler, IPEndPoint at)
    {
        var bound = await _loop.RunAsync(() =>
        {
            var server = new PageServer(_loop, new(), handler, _logger);
            _servers.Add(server);
            return new ValueTask<IPEndPoint>(server.Listen(ListeningSocket.Open(at, new())));
        });
        return new(IPAddress.Loopback, bound.Port);
    }
}

/// <summary><c>GET /ready</c>, as the chart's probe asks, and <c>/healthz/ready</c>: 200 once nothing is pending; <c>/healthz/live</c>: 200.</summary>
internal sealed class ReadyPage(ReadinessTasks readiness)
{
    private readonly ReadinessPage _page = new(readiness);

    public bool Serves(PageRequest request) => request.Path is "/ready" or "/healthz/ready" or "/healthz/live";

    public ValueTask<PageResponse> RespondAsync(PageRequest request) =>
        _page.RespondAsync(request.Path == "/ready" ? request with { Path = "/healthz/ready" } : request);
}
