using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Proxying;

/// <summary>The pod whose connections are proxied: who it is and how its sockets are made.</summary>
/// <param name="PreservesSource">Applications see the address of the client, not the pod's own.</param>
internal sealed record Pod(PodInfo Info, PodSockets Sockets, MeshState Mesh, TimeProvider Time, bool PreservesSource)
{
    private static readonly TimeSpan WorkloadWait = TimeSpan.FromSeconds(5);

    private BaggageText? _baggage;

    public LocalName Name { get; } = new(Info.Name, Info.Namespace, Info.ServiceAccount);

    /// <summary>Set before anything comes in.</summary>
    public PodEntry Entry { get; set; } = PodEntry.Past;

    /// <summary>The pod as the mesh knows it now, or null.</summary>
    public Workload? FindWorkload() => Mesh.Current.FindLocalWorkload(Name);

    /// <summary>The same, given 5 s to become known: the node agent is often faster than the control plane.</summary>
    public async ValueTask<Workload?> WaitForWorkloadAsync()
    {
        if (FindWorkload() is { } known) return known;
        using var patience = new CancellationTokenSource(WorkloadWait, Time);
        try
        {
            return await Mesh.WaitForLocalWorkloadAsync(Name, patience.Token);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>What peers are told of the pod; written anew only when the mesh knows it differently. Any thread.</summary>
    public string BaggageOf(Workload own)
    {
        var known = Volatile.Read(ref _baggage);
        if (known is null || !ReferenceEquals(known.Of, own)) Volatile.Write(ref _baggage, known = new(own, Claims.Tell(own)));
        return known.Text;
    }

    private sealed record BaggageText(Workload Of, string Text);
}
