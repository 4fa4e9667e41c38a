using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Authority;

/// <summary>Which pods run where: what the informer knows, and the API server for what it does not know yet.</summary>
internal interface INodePods
{
    /// <summary>From the cache.</summary>
    Pod? Find(ObjectName name);

    /// <summary>The pods of a service account on a node, from the cache; those that have ended may be among them.</summary>
    IEnumerable<Pod> On(string node, string @namespace, string serviceAccount);

    /// <summary>From the API server.</summary>
    Task<Pod?> AskAsync(ObjectName name, CancellationToken stop);

    /// <summary>The pods of a namespace on a node, from the API server.</summary>
    Task<IReadOnlyList<Pod>> AskOnAsync(string node, string @namespace, CancellationToken stop);
}
