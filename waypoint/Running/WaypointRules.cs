using Ambient.Hbone;
using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Waypoint.Inbound;
using Ambient.MeshProxy.Discovery;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Routing;
using Ambient.Waypoint.Telemetry;
using Ambient.Waypoint.Tracing;

namespace Ambient.Waypoint.Running;

/// <summary>What all workers share. Thread-safe, all of it.</summary>
/// <param name="Identities">Gives our own certificate.</param>
/// <param name="Defect">Told of defects of ours that ended what they concerned, and nothing else.</param>
internal sealed record WaypointRules(
    WaypointOptions Options, MeshState Mesh, TrafficState Traffic, ITlsIdentities Identities, ServiceTraffics Services, TargetFinder Targets, HostResolver Hosts,
    RequestMetrics Metrics, AccessLog AccessLog, TraceExport Tracing, Action<Exception> Defect);
