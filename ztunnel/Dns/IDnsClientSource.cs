using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Dns;

/// <summary>Tells which workload a pod is. Used on the pod's loop, for every request: so it is quick.</summary>
internal interface IDnsClientSource
{
    /// <summary>What the mesh knows of it now; null if it knows nothing (yet).</summary>
    Workload? Current { get; }

    /// <summary>Completes once it is known; with null after as long as is sensible to wait, about 5 s.</summary>
    ValueTask<Workload?> WaitAsync();
}
