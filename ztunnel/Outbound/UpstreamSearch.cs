using System.Net;
using Ambient.Model.Connections;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Outbound;

/// <summary>
/// Routes and dials until a next hop is had. When one cannot be had another endpoint of the service is tried, and when none is left
/// that is known, news of the mesh is waited for: nothing was taken from the application yet, so nothing can be lost or done twice.
/// </summary>
/// <param name="client">The application's end of the captured connection.</param>
internal sealed class UpstreamSearch(PodWorker pod, LoopSocket downstream, IPEndPoint client)
{
    private const int MostHops = 5;
    private static readonly TimeSpan NewsWait = TimeSpan.FromSeconds(3), FirstPause = TimeSpan.FromMilliseconds(50);

    private readonly UpstreamConnector _connector = new(pod, client);
    private readonly long _began = pod.Pod.Time.GetTimestamp();
    private TimeSpan _pause = FirstPause;

    /// <returns>An open upstream and its route; or the last route and why it failed; or why there is no route.</returns>
    public async ValueTask<SearchResult> RunAsync(Workload source, IPEndPoint destination)
    {
        var request = new OutboundRequest(source, client.Address, destination, pod.Avoided);
        var decision = pod.Rules.Outbound.Route(request, pod.Pod.Mesh.Current, pod.Worker.Random);
        if (decision.Refusal is { } refusal) return new(Refusal: refusal);
        for (var hops = 1; ;)
        {
            var (route, upstream, failure) = await TryAsync(decision.Route!);
            Learn(route, failure);
            if (upstream is not null) return new(upstream, route);
            if (MayComeToAgree(route, failure!))
            {
                decision = await RouteAfterPauseAsync(route);
                if (decision.Route is null) return new(Route: route, Failure: failure);
                continue;
            }
            if (!failure!.MayRetry || downstream.IsBroken || IsOver) return new(Route: route, Failure: failure);

            var known = pod.Pod.Mesh.Current;
            decision = hops < MostHops ? RouteAgain(route, known) : default;
            if (decision.Route is not null) hops++;
            else if (route.HasAlternatives && IsTimeout(failure.Code)) decision = route; // nobody else is known: it gets more time
            else decision = await RouteOnNewsAsync(route, failure, known.Version);
            if (decision.Route is null) return new(Route: route, Failure: failure);
        }
    }

    private async ValueTask<(Route, Upstream?, UpstreamFailure?)> TryAsync(Route chosen)
    {
        var (route, unresolved) = await _connector.ResolveAsync(chosen);
        if (unresolved is not null) return (route, null, unresolved);
        var (upstream, failure) = await _connector.ConnectAsync(route, route.HasAlternatives ? pod.Rules.Tunnels.Patience : null);
        return (route, upstream, failure);
    }

    private bool IsOver => pod.Pod.Time.GetElapsedTime(_began) >= pod.Rules.ConnectTimeout;

    private RouteDecision RouteAgain(Route failed, MeshSnapshot mesh) => pod.Rules.Outbound.RouteAgain(failed, mesh, pod.Worker.Random);

    private void Learn(Route route, UpstreamFailure? failure)
    {
        if (failure is not null)
        {
            if (failure.Code == ReasonCode.CertificateRevoked) pod.Rules.Metrics.CountRevoked(Direction.Outbound);
            if (route.HopToAvoid(failure.Code) is { } hop) pod.Avoided.Add(hop);
            return;
        }
        if (route.NextHop is not { } reached) return;
        pod.Avoided.Remove(reached);
        if (route.DirectPort is { } application) pod.Avoided.Remove(new(reached.Address, application));
    }

    /// <summary>
    /// Of a service whose pods are replaced, the new ones may be known a little later than the old ones are gone. One that has
    /// been failing for longer is not waited for, nor one that is known by its host name alone: the mesh has no news of it.
    /// </summary>
    /// <param name="seen">The version in which there was nobody.</param>
    private async ValueTask<RouteDecision> RouteOnNewsAsync(Route failed, UpstreamFailure failure, long seen)
    {
        if (!failed.HasAlternatives || failed.Upstream is { Addresses.IsEmpty: true } || failed.HopToAvoid(failure.Code) is not { } hop || !pod.Avoided.IsFresh(hop)) return default;
        using var patience = new CancellationTokenSource(NewsWait, pod.Pod.Time);
        try
        {
            while (true)
            {
                var news = await pod.Pod.Mesh.WaitForAsync(snapshot => snapshot.Version > seen ? snapshot : null, patience.Token);
                if (RouteAgain(failed, news) is { Route: not null } found) return found;
                seen = news.Version;
            }
        }
        catch (OperationCanceledException)
        {
            return default;
        }
    }

    /// <summary>
    /// The pod wants its service's waypoint to come first, which we do not know of yet, or wants it still, which we know to be over. Both have
    /// the same news, one a moment before the other. What was dialled by the pod's own address has no other way to come.
    /// </summary>
    private bool MayComeToAgree(Route route, UpstreamFailure failure) =>
        failure.Code == ReasonCode.WaypointRequired && route.DestinationService is not null && !downstream.IsBroken
        && pod.Pod.Time.GetElapsedTime(_began) < NewsWait;

    private async ValueTask<RouteDecision> RouteAfterPauseAsync(Route refused)
    {
        await pod.Loop.DelayAsync(_pause);
        _pause *= 2;
        return pod.Rules.Outbound.Route(refused.Request, pod.Pod.Mesh.Current, pod.Worker.Random);
    }

    private static bool IsTimeout(ReasonCode code) => code is ReasonCode.ConnectTimeout or ReasonCode.TunnelTimeout;
}

/// <summary>Either <paramref name="Upstream"/> with its route, a route with its failure, or a refusal.</summary>
internal readonly record struct SearchResult(Upstream? Upstream = null, Route? Route = null, UpstreamFailure? Failure = null, Refusal? Refusal = null);
