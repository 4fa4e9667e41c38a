using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Connections;
using Ambient.Model.Workloads;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Inbound;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Passthrough;

/// <summary>A plaintext connection into the pod, from a client outside the mesh: has no identity, is still authorized.</summary>
internal sealed class PassthroughConnection(PodWorker pod, LoopSocket downstream, IPEndPoint client, IPEndPoint destination)
{
    /// <summary>Carries the connection; returns once it has ended and its line is written. Owns the socket.</summary>
    public async Task RunAsync()
    {
        using (downstream)
        {
            if (pod.Rules.Inbound.RefusePlaintext(destination) is { } loop)
            {
                Refuse(loop.Code, loop.ToString());
                return;
            }
            if (await pod.Pod.WaitForWorkloadAsync() is not { } workload)
            {
                Refuse(ReasonCode.UnknownDestination, $"pod {pod.Pod.Name} is not in the mesh's records");
                return;
            }
            await ServeAsync(workload);
        }
    }

    private async ValueTask ServeAsync(Workload workload)
    {
        var facts = FactsOf(workload);
        if (Judge(workload) is { IsAllowed: false } denied)
        {
            Fail(facts, denied.Reason, denied.ToString());
            return;
        }
        var (upstream, failure) = await ApplicationDial.ConnectAsync(pod, client, destination);
        if (upstream is null)
        {
            Fail(facts, ConnectReasons.Of(failure), failure.Describe(destination));
            return;
        }
        using (upstream)
        {
            var carriage = new Carriage(pod, downstream, upstream, facts);
            if (Judge(workload) is { IsAllowed: false } changed) carriage.End(changed.Reason, changed.ToString());
            await carriage.RunAsync();
        }
    }

    private Model.Policies.PolicyDecision Judge(Workload workload) =>
        pod.Rules.Authorizer.Judge(workload, new(null, client.Address, destination.Address, (ushort)destination.Port));

    private void Refuse(ReasonCode reason, string detail)
    {
        downstream.Abort();
        pod.Worker.Ledger.Refuse(client, destination, Direction.Inbound, reason, detail);
    }

    private void Fail(in ConnectionFacts facts, ReasonCode reason, string detail)
    {
        downstream.Abort();
        var ledger = pod.Worker.Ledger;
        ledger.Close(ledger.Open(facts, new(), NobodyToEnd.Instance), reason, detail);
    }

    private ConnectionFacts FactsOf(Workload workload) => new()
    {
        Direction = Direction.Inbound,
        Protocol = ConnectionProtocol.Tcp,
        PodUid = pod.Pod.Info.Uid,
        Source = client,
        Destination = destination,
        Target = destination,
        SourceWorkload = pod.Pod.Mesh.Current.FindWorkload(new NetworkAddress(pod.Rules.Network, client.Address)),
        DestinationWorkload = workload,
        DestinationService = InboundRouter.GuessService(pod.Pod.Mesh.Current, workload, (ushort)destination.Port, null),
    };
}
