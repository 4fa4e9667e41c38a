using System.Net;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Tunnels;
using Ambient.Model.Addresses;
using Ambient.Model.Connections;
using Ambient.Model.Policies;
using Ambient.Model.Workloads;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Inbound;

/// <summary>One CONNECT to the pod: check the target, ask the policies, dial the application, carry the bytes.</summary>
/// <param name="peer">The TCP peer of the tunnel.</param>
/// <param name="local">The pod's address that the tunnel came to.</param>
internal sealed class InboundStream(PodWorker pod, HboneStream stream, ConnectRequest request, IPEndPoint peer, IPEndPoint local)
{
    public async Task RunAsync()
    {
        using (stream)
        {
            if (!Authority.TryParse(request.Authority, out var target) || target.Port == 0)
            {
                Refuse(ReasonCode.BadRequest, $"'{request.Authority}' is not a host and port");
                return;
            }
            if (await pod.Pod.WaitForWorkloadAsync() is not { } workload)
            {
                Refuse(ReasonCode.UnknownDestination, $"pod {pod.Pod.Name} is not in the mesh's records");
                return;
            }
            var forwardedHost = request.Forwarded is null ? null : Forwarded.ParseHost(request.Forwarded);
            var decision = pod.Rules.Inbound.Route(new(workload, local.Address, target, forwardedHost), pod.Pod.Mesh.Current);
            if (decision.Refusal is { } refusal)
            {
                Refuse(refusal.Code, refusal.ToString());
                return;
            }
            await ServeAsync(workload, decision.Route!, forwardedHost);
        }
    }

    private async ValueTask ServeAsync(Workload workload, InboundRoute route, string? forwardedHost)
    {
        var facts = FactsOf(workload, route, forwardedHost);
        var judged = pod.Rules.Authorizer.Judge(workload,
            new(facts.SourceIdentity, peer.Address, route.Upstream.Address, (ushort)route.Upstream.Port));
        if (!judged.IsAllowed)
        {
            Fail(facts, judged.Reason, judged.ToString());
            return;
        }
        var (upstream, failure) = await ConnectAsync(route);
        if (upstream is null)
        {
            Fail(facts, ConnectReasons.Of(failure), failure.Describe(route.Upstream));
            return;
        }
        using (upstream)
            await CarryAsync(workload, route, upstream, facts);
    }

    private async ValueTask CarryAsync(Workload workload, InboundRoute route, LoopSocket upstream, ConnectionFacts facts)
    {
        // Policies may have changed while the application was dialled; from here on the ledger has the connection.
        var carriage = new Carriage(pod, stream, upstream, facts);
        if (pod.Rules.Authorizer.Judge(workload, AttributesOf(facts)) is { IsAllowed: false } judged)
            carriage.End(judged.Reason, judged.ToString());
        stream.Respond(new(200, pod.Rules.Baggage ? Claims.Tell(workload) : null));
        if (route.ProxyTarget is { } target) Announce(upstream, target);
        await carriage.RunAsync();
    }

    private ValueTask<(LoopSocket?, ConnectFailure)> ConnectAsync(InboundRoute route)
    {
        var to = route.ProxyTarget is not null && pod.Rules.LocalhostAppTunnel
            ? new IPEndPoint(LoopbackOf(route.Upstream), route.Upstream.Port)
            : route.Upstream;
        return ApplicationDial.ConnectAsync(pod, peer, to);
    }

    /// <summary>A new socket's buffer takes the header whole: it is far smaller.</summary>
    private void Announce(LoopSocket upstream, IPEndPoint target) =>
        upstream.TrySend(ProxyHeader.Format(peer, target, stream.Tunnel.Peer.Id?.ToString()));

    private void Refuse(ReasonCode reason, string detail)
    {
        stream.Respond(new(Reason.Of(reason).HttpStatus));
        pod.Worker.Ledger.Refuse(peer, local, Direction.Inbound, reason, detail);
    }

    private void Fail(in ConnectionFacts facts, ReasonCode reason, string detail)
    {
        stream.Respond(new(Reason.Of(reason).HttpStatus));
        var ledger = pod.Worker.Ledger;
        ledger.Close(ledger.Open(facts, new(), NobodyToEnd.Instance), reason, detail);
    }

    private ConnectionFacts FactsOf(Workload workload, InboundRoute route, string? forwardedHost) => new()
    {
        Direction = Direction.Inbound,
        Protocol = ConnectionProtocol.Hbone,
        PodUid = pod.Pod.Info.Uid,
        Source = peer,
        Destination = local,
        Target = route.Upstream,
        HboneTarget = request.Authority,
        ForwardedHost = forwardedHost,
        SourceWorkload = CameThroughGateway ? null : pod.Pod.Mesh.Current.FindWorkload(new NetworkAddress(pod.Rules.Network, peer.Address)),
        ClaimedSource = pod.Rules.Baggage ? Claims.Of(request.Baggage) : null,
        SourceIdentity = stream.Tunnel.Peer.Id,
        DestinationWorkload = workload,
        DestinationService = route.DestinationService,
        DestinationIdentity = workload.Identity,
    };

    private bool CameThroughGateway =>
        request.ForwardedNetwork is { } network && !network.Equals(pod.Rules.Network, StringComparison.OrdinalIgnoreCase);

    private static ConnectionAttributes AttributesOf(in ConnectionFacts facts) =>
        new(facts.SourceIdentity, facts.Source!.Address, facts.Target!.Address, (ushort)facts.Target.Port);

    private static IPAddress LoopbackOf(IPEndPoint to) =>
        to.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
}
