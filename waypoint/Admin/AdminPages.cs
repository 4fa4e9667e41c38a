using Ambient.Hosting.Health;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Pages;
using Ambient.Hosting.Stopping;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Running;

namespace Ambient.Waypoint.Admin;

/// <summary>The administrator's pages, on loopback only: who may open them may stop the process.</summary>
internal sealed class AdminPages(
    WaypointOptions options, WaypointParts parts, ReadinessTasks readiness, BuildInfo build, LoggingPage logging, StopSignal stop)
{
    private readonly StopPage _stop = new(stop);
    private readonly ConfigDump _dump = new(options, parts);

    public ValueTask<PageResponse> RespondAsync(PageRequest request) => new(request.Path switch
    {
        "/" => Index(),
        "/config_dump" => _dump.Respond(),
        "/logging" => logging.Respond(request),
        "/quitquitquit" => _stop.Respond(request),
        _ => PageResponse.NotFound(request),
    });

    private PageResponse Index()
    {
        var pending = readiness.Pending;
        var (mesh, traffic) = (parts.Rules.Mesh.Current, parts.Rules.Traffic.Current);
        return PageResponse.Text(200, $"""
            Ambient waypoint {options.GatewayKey}, version {build.Version} ({build.Profile})
            {(pending.Count == 0 ? "ready" : $"not ready, pending: {string.Join(", ", pending)}")}

            {parts.Workers.Sum(static worker => worker.Connections.Count)} open connections
            {mesh.ServiceCount} services, {mesh.WorkloadCount} workloads, {traffic.Resources.Count} routes and policies

            /config_dump    what this waypoint knows: the services that use it, their routes and policies, what was refused and why
            /logging        POST ?level=debug changes log levels
            /quitquitquit   POST drains and stops the process
            :{WaypointOptions.StatsPort}/metrics   for Prometheus
            :{WaypointOptions.ReadinessPort}/healthz/ready   for Kubernetes

            """);
    }
}
