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
    /// <summary>Answers the request and has the stream carried, or refuses and ends it. A defect ends this stream alone.</summary>
    public async Task RunAsync()
    {
        var isCarried = false;
        try
        {
            isCarried = await TryCarryAsync();
        }
        catch (Exception defect)
        {
            pod.Worker.Ledger.Refuse(peer, local, Direction.Inbound, ReasonCode.InternalError, defect.ToString());
        }
        if (!isCarried) stream.Dispose();
    }

    private async ValueTask<bool> TryCarryAsync()
    {
        if (!Authority.TryParse(request.Authority, out var target) || target.Port == 0)
            return Refuse(ReasonCode.BadRequest, $"'{request.Authority}' is not a host and port");
        if (await pod.Pod.WaitForWorkloadAsync() is not { } workload)
            return Refuse(ReasonCode.UnknownDestination, $"pod {pod.Pod.Name} is not in the mesh's records");
        pod.Rules.Lookups.Ask(peer.Address);
        if (target.Address is { } address && !address.Equals(local.Address) && !await pod.Rules.Lookups.LearnAsync(address))
            return Refuse(ReasonCode.UnknownDestination, $"the control plane does not say what {address} is");

        var forwardedHost = request.Forwarded is null ? null : Forwarded.ParseHost(request.Forwarded);
        var decision = pod.Rules.Inbound.Route(new(workload, local.Address, target, forwardedHost), pod.Pod.Mesh.Current);
        return decision.Refusal is { } refusal
            ? Refuse(refusal.Code, refusal.ToString())
            : await ServeAsync(workload, decision.Route!, forwardedHost);
    }

    private async ValueTask<bool> ServeAsync(Workload workload, InboundRoute route, string? forwardedHost)
    {
        var facts = FactsOf(workload, route, forwardedHost);
        if (await pod.Rules.Authorizer.JudgeNewAsync(workload, AttributesOf(facts)) is { IsAllowed: false } judged)
            return Fail(facts, judged.Reason, judged.ToString());

        var (upstream, failure) = await ConnectAsync(route);
        if (upstream is null) return Fail(facts, ConnectReasons.Of(failure), failure.Describe(route.Upstream));

        Carry(workload, route, upstream, facts);
        return true;
    }

    private void Carry(Workload workload, InboundRoute route, LoopSocket upstream, in ConnectionFacts facts)
    {
        // Policies may have changed while the application was dialled; from here on the ledger has the connection.
        var carriage = new Carriage(pod, stream, upstream, facts);
        try
        {
            if (pod.Rules.Authorizer.Judge(workload, AttributesOf(facts)) is { IsAllowed: false } judged)
                carriage.End(judged.Reason, judged.ToString());
            stream.Respond(new(200, pod.Rules.Baggage ? pod.Pod.BaggageOf(workload) : null));
            if (route.ProxyTarget is { } target) Announce(upstream, target);
        }
        catch (Exception defect)
        {
            carriage.GiveUp(defect);
            return;
        }
        carriage.Start();
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

    private bool Refuse(ReasonCode reason, string detail)
    {
        stream.Respond(new(Reason.Of(reason).HttpStatus));
        pod.Worker.Ledger.Refuse(peer, local, Direction.Inbound, reason, detail);
        return false;
    }

    private bool Fail(in ConnectionFacts facts, ReasonCode reason, string detail)
    {
        stream.Respond(new(Reason.Of(reason).HttpStatus));
        var ledger = pod.Worker.Ledger;
        ledger.Close(ledger.Open(facts, new(), NobodyToEnd.Instance), reason, detail);
        return false;
    }

    private ConnectionFacts FactsOf(Workload workload, InboundRoute route, string? forwardedHost)
    {
        var source = CameThroughGateway ? null : pod.Pod.Mesh.Current.FindWorkload(new NetworkAddress(pod.Rules.Network, peer.Address));
        return new()
        {
            Direction = Direction.Inbound,
            Protocol = ConnectionProtocol.Hbone,
            PodUid = pod.Pod.Info.Uid,
            Source = peer,
            Destination = local,
            Target = route.Upstream,
            HboneTarget = request.Authority,
            ForwardedHost = forwardedHost,
            SourceWorkload = source,
            ClaimedSource = source is null && pod.Rules.Baggage ? Claims.Of(request.Baggage) : null,
            SourceIdentity = stream.Tunnel.Peer.Id,
            DestinationWorkload = workload,
            DestinationService = route.DestinationService,
            DestinationIdentity = workload.Identity,
        };
    }

    private bool CameThroughGateway =>
        request.ForwardedNetwork is { } network && !network.Equals(pod.Rules.Network, StringComparison.OrdinalIgnoreCase);

    private static ConnectionAttributes AttributesOf(in ConnectionFacts facts) =>
        new(facts.SourceIdentity, facts.Source!.Address, facts.Target!.Address, (ushort)facts.Target.Port);

    private static IPAddress LoopbackOf(IPEndPoint to) =>
        to.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
}
