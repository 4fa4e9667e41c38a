using System.Net;
using Ambient.Hosting.Health;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Metrics;
using Ambient.Hosting.Pages;
using Ambient.Hosting.Stopping;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Waypoint.Admin;
using Ambient.Waypoint.Options;
using Microsoft.Extensions.Logging;

namespace Ambient.Waypoint.Running;

/// <summary>The waypoint's own pages: administration on loopback, metrics and readiness for everybody.</summary>
internal sealed class WaypointPages
{
    private readonly WaypointParts _parts;
    private readonly List<PageServer> _servers = [];

    private WaypointPages(WaypointParts parts) => _parts = parts;

    /// <exception cref="LinuxException">A port is taken.</exception>
    public static async Task<WaypointPages> StartAsync(WaypointOptions options, WaypointParts parts, ReadinessTasks readiness, StopSignal stop, ProcessLog log)
    {
        var pages = new WaypointPages(parts);
        var build = BuildInfo.Current(options.Telemetry.IstioVersion);
        parts.Metrics.AddGauges("istio_build", "Istio component build info", ["component", "tag"]).With("proxy", build.IstioVersion).Set(1);
        ProcessMetrics.AddTo(parts.Metrics);
        var admin = new AdminPages(options, parts, readiness, build, new(log.Levels), stop);
        await pages.ServeAsync(admin.RespondAsync, log, IPAddress.Loopback, WaypointOptions.AdminPort);
        await pages.ServeAsync(new MetricsPage(parts.Metrics).RespondAsync, log, IPAddress.IPv6Any, WaypointOptions.StatsPort);
        await pages.ServeAsync(new ReadinessPage(readiness).RespondAsync, log, IPAddress.IPv6Any, WaypointOptions.ReadinessPort);
        return pages;
    }

    public Task StopAsync() => _parts.Control.RunAsync(async () =>
    {
        foreach (var server in _servers) await server.StopAsync(TimeSpan.FromSeconds(1));
    });

    private Task ServeAsync(PageHandler handler, ProcessLog log, IPAddress address, int port) => _parts.Control.RunAsync(() =>
    {
        var server = new PageServer(_parts.Control, new(), handler, log.Loggers.CreateLogger<PageServer>());
        server.Listen(ListeningSocket.Open(new(address, port), new()));
        _servers.Add(server);
        return ValueTask.CompletedTask;
    });
}
