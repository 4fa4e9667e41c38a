using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Connections;
using Ambient.Model.Policies;
using Ambient.Model.Workloads;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Inbound;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Passthrough;

/// <summary>A plaintext connection into the pod, from a client outside the mesh: has no identity, is still authorized, unless it comes while the pod enters the mesh (<see cref="PodEntry"/>).</summary>
internal sealed class PassthroughConnection(PodWorker pod, LoopSocket downstream, IPEndPoint client, IPEndPoint destination)
{
    /// <summary>Asks the policies, dials the application and has the connection carried to it.</summary>
    /// <returns>True: the socket is carried and closed by <see cref="Carriage"/>. False: it stays the caller's.</returns>
    public async Task<bool> RunAsync()
    {
        if (pod.Rules.Inbound.RefusePlaintext(destination) is { } loop) return Refuse(loop.Code, loop.ToString());
        pod.Rules.Lookups.Ask(client.Address);
        if (await pod.Pod.WaitForWorkloadAsync() is { } workload) return await ServeAsync(workload);
        return Refuse(ReasonCode.UnknownDestination, $"pod {pod.Pod.Name} is not in the mesh's records");
    }

    private async ValueTask<bool> ServeAsync(Workload workload)
    {
        var facts = FactsOf(workload);
        if (!facts.IsOlder && await pod.Rules.Authorizer.JudgeNewAsync(workload, Attributes) is { IsAllowed: false } denied) return Fail(facts, denied.Reason, denied.ToString());

        var (upstream, failure) = await ApplicationDial.ConnectAsync(pod, client, destination);
        if (upstream is null) return Fail(facts, ConnectReasons.Of(failure), failure.Describe(destination));

        var carriage = new Carriage(pod, downstream, upstream, facts);
        if (!facts.IsOlder && pod.Rules.Authorizer.Judge(workload, Attributes) is { IsAllowed: false } changed) carriage.End(changed.Reason, changed.ToString());
        carriage.Start();
        return true;
    }

    private ConnectionAttributes Attributes => new(null, client.Address, destination.Address, (ushort)destination.Port);

    private bool Refuse(ReasonCode reason, string detail)
    {
        downstream.Abort();
        pod.Worker.Ledger.Refuse(client, destination, Direction.Inbound, reason, detail);
        return false;
    }

    private bool Fail(in ConnectionFacts facts, ReasonCode reason, string detail)
    {
        downstream.Abort();
        var ledger = pod.Worker.Ledger;
        ledger.Close(ledger.Open(facts, new(), NobodyToEnd.Instance), reason, detail);
        return false;
    }

    private ConnectionFacts FactsOf(Workload workload) => new()
    {
        Direction = Direction.Inbound,
        Protocol = ConnectionProtocol.Tcp,
        IsOlder = pod.Pod.Entry.IsUnderWay,
        PodUid = pod.Pod.Info.Uid,
        Source = client,
        Destination = destination,
        Target = destination,
        SourceWorkload = pod.Pod.Mesh.Current.FindWorkload(new NetworkAddress(pod.Rules.Network, client.Address)),
        DestinationWorkload = workload,
        DestinationService = InboundRouter.GuessService(pod.Pod.Mesh.Current, workload, (ushort)destination.Port, null),
    };
}
