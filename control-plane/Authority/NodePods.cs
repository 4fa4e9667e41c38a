using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Authority;

/// <summary>Pods from the control plane's informer, and from the API server where that is behind.</summary>
internal sealed class NodePods : INodePods
{
    private readonly ApiClient _api;
    private readonly Informer<Pod> _pods;
    private readonly ObjectIndex<Pod> _byPlace;

    /// <param name="pods">Not started yet: an index is added. If it trims, it must keep service account, node and phase.</param>
    public NodePods(ApiClient api, Informer<Pod> pods)
    {
        (_api, _pods) = (api, pods);
        _byPlace = pods.AddIndex(static pod => pod.Spec is { NodeName: { Length: > 0 } node, ServiceAccountName: { Length: > 0 } account }
            ? [Place(node, pod.Metadata.Namespace ?? "", account)] : []);
    }

    public Pod? Find(ObjectName name) => _pods.Find(name);

    public IEnumerable<Pod> On(string node, string @namespace, string serviceAccount) => _byPlace.Find(Place(node, @namespace, serviceAccount));

    public Task<Pod?> AskAsync(ObjectName name, CancellationToken stop) => _api.FindAsync(ResourceTypes.Pod, name, stop);

    public async Task<IReadOnlyList<Pod>> AskOnAsync(string node, string @namespace, CancellationToken stop)
    {
        var query = new ListQuery { Namespace = @namespace, FieldSelector = $"spec.nodeName={node}" };
        return (await _api.ListAsync(ResourceTypes.Pod, query, stop)).Items;
    }

    private static string Place(string node, string @namespace, string serviceAccount) => $"{node}/{@namespace}/{serviceAccount}";
}
