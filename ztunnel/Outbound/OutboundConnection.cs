using System.Net;
using Ambient.Model.Connections;
using Ambient.Model.Workloads;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Outbound;

/// <summary>A connection that an application of the pod opened: its way to the next hop.</summary>
internal sealed class OutboundConnection(PodWorker pod, LoopSocket downstream, IPEndPoint client, IPEndPoint destination)
{
    private ReasonCode _failure;

    /// <summary>Finds the way to its destination and has the connection carried there.</summary>
    /// <param name="connected">Told once how connecting went, before any byte is carried; false gives the connection up.</param>
    /// <returns>True: the socket is carried and closed by <see cref="Carriage"/>. False: it stays the caller's.</returns>
    public async Task<bool> RunAsync(Func<ReasonCode, ValueTask<bool>>? connected = null)
    {
        var (upstream, route) = await FindUpstreamAsync();
        if (connected is not null && !await connected(_failure))
        {
            upstream?.Dispose();
            return false;
        }
        if (upstream is null)
        {
            downstream.Abort(); // as a destination that refuses would
            return false;
        }
        new Carriage(pod, downstream, upstream.Stream, FactsOf(route!, upstream), upstream.Inner).Start();
        return true;
    }

    private async ValueTask<(Upstream?, Route?)> FindUpstreamAsync()
    {
        if (await pod.Pod.WaitForWorkloadAsync() is not { } source) Refuse(ReasonCode.UnknownSource, $"pod {pod.Pod.Name} is not in the mesh's records");
        // Unknown is not outside: what cannot be asked about is not sent in plaintext.
        else if (!await pod.Rules.Lookups.LearnAsync(destination.Address)) Refuse(ReasonCode.UnknownDestination, $"the control plane does not say what {destination.Address} is");
        else return await ConnectAsync(source);
        return default;
    }

    private async ValueTask<(Upstream?, Route?)> ConnectAsync(Workload source)
    {
        var found = await new UpstreamSearch(pod, downstream, client).RunAsync(source, destination);
        if (found.Failure is { } failure) Fail(found.Route!, failure);
        else if (found.Refusal is { } refusal) Refuse(refusal.Code, refusal.ToString());
        return (found.Upstream, found.Route);
    }

    private void Refuse(ReasonCode reason, string detail)
    {
        _failure = reason;
        pod.Worker.Ledger.Refuse(client, destination, Direction.Outbound, reason, detail);
    }

    /// <summary>A connection that had a route counts as opened, failed and closed.</summary>
    private void Fail(Route route, UpstreamFailure failure)
    {
        _failure = failure.Code;
        var ledger = pod.Worker.Ledger;
        ledger.Close(ledger.Open(FactsOf(route, null), new(), NobodyToEnd.Instance), failure.Code, failure.Detail);
    }

    private ConnectionFacts FactsOf(Route route, Upstream? upstream) => new()
    {
        Direction = Direction.Outbound,
        Protocol = (ConnectionProtocol)route.Protocol,
        PodUid = pod.Pod.Info.Uid,
        Source = client,
        Destination = route.NextHop,
        OriginalDestination = destination,
        HboneTarget = route.Authority?.ToString(),
        SourceWorkload = route.Request.Source,
        SourceIdentity = route.Protocol == RouteProtocol.Tcp ? null : route.Request.Source.Identity,
        DestinationWorkload = route.Upstream,
        DestinationService = route.DestinationService,
        DestinationIdentity = upstream?.Identity,
        ClaimedDestination = upstream?.Answered,
    };
}
