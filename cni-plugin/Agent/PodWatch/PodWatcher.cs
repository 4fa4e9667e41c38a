using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent.PodWatch;

/// <summary>Follows this node's pods, and the namespaces, in the API and passes on what changes.</summary>
internal sealed class PodWatcher
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10), InformerLag = TimeSpan.FromSeconds(2), AskLimit = TimeSpan.FromSeconds(3);

    private static readonly Dictionary<string, string> None = [];

    private readonly ApiClient _api;
    private readonly NodePods _pods;
    private readonly PodSelection _selection;
    private readonly TimeProvider _time;
    private readonly Informer<Pod> _podInformer;
    private readonly Informer<Namespace> _namespaceInformer;
    private readonly ObjectIndex<Pod> _byNamespace;

    public PodWatcher(ApiClient api, string node, NodePods pods, PodSelection selection, TimeProvider time, ILoggerFactory loggers)
    {
        (_api, _pods, _selection, _time) = (api, pods, selection, time);
        var ofNode = new InformerOptions<Pod> { Query = new ObjectQuery { FieldSelector = $"spec.nodeName={node}" }, Trim = Trim };
        _podInformer = new(api, ResourceTypes.Pod, ofNode, time, new Random(), loggers.CreateLogger<Informer<Pod>>());
        _namespaceInformer = new(api, ResourceTypes.Namespace, new() { Trim = Trim }, time, new Random(), loggers.CreateLogger<Informer<Namespace>>());
        _byNamespace = _podInformer.AddIndex(static pod => [pod.Metadata.Namespace ?? ""]);
        _podInformer.AddHandler(OnPodAsync);
        _namespaceInformer.AddHandler(OnNamespaceAsync);
    }

    /// <summary>Completes when everything that the API had was passed on.</summary>
    public Task Synced => _synced.Task;

    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Follows until <paramref name="stop"/> fires.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var running = Task.WhenAll(_namespaceInformer.RunAsync(stop), _podInformer.RunAsync(stop));
        await Task.WhenAny(Task.WhenAll(_namespaceInformer.Synced, _podInformer.Synced), running);
        if (!stop.IsCancellationRequested)
        {
            // Whatever came while only one of the two was known could not be decided.
            var present = _podInformer.All;
            await _pods.KeepOnlyAsync(present.Select(static pod => pod.Metadata.Uid ?? "").ToHashSet());
            foreach (var pod in present)
                await PutAsync(pod);
            _synced.TrySetResult();
        }
        await running;
    }

    /// <summary>A pod of this node that has just been made, with the labels of its namespace.</summary>
    /// <param name="uid">Empty if it is not known.</param>
    /// <returns>Null if the API cannot be asked.</returns>
    /// <exception cref="ApiException">The API has no such pod (<see cref="ApiException.IsNotFound"/>).</exception>
    public async Task<FoundPod?> FindAsync(ObjectName name, string uid, CancellationToken stop)
    {
        // The runtime is often quicker than the watch.
        for (var began = _time.GetTimestamp(); Synced.IsCompleted && _time.GetElapsedTime(began) < InformerLag; await Task.Delay(Poll, _time, stop))
        {
            if (_podInformer.Find(name) is { } pod && (uid.Length == 0 || pod.Metadata.Uid == uid) && LabelsOf(name.Namespace) is { } found)
                return new FoundPod(pod, found.Metadata.Labels);
        }
        return await AskAsync(name, uid, stop);
    }

    /// <summary>Whether this node has no such pod any more; false while everything that the API had was not passed on.</summary>
    public bool HasNot(string uid) => Synced.IsCompleted && _podInformer.All.All(pod => pod.Metadata.Uid != uid);

    private async Task<FoundPod?> AskAsync(ObjectName name, string uid, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(AskLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        try
        {
            var pod = await _api.GetAsync(ResourceTypes.Pod, name, either.Token);
            var of = await _api.GetAsync(ResourceTypes.Namespace, new ObjectName("", name.Namespace), either.Token);
            return uid.Length == 0 || pod.Metadata.Uid == uid ? new FoundPod(Trim(pod), of.Metadata.Labels) : null;
        }
        catch (ApiException error) when (!error.IsNotFound)
        {
            return null;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private async ValueTask OnPodAsync(ObjectChange<Pod> change)
    {
        if (!Synced.IsCompleted && !_namespaceInformer.HasSynced)
            return; // decided when both are known
        if (change.Kind == ChangeKind.Deleted)
            await _pods.RemoveAsync(change.Object.Metadata.Uid ?? "");
        else
            await PutAsync(change.Object);
    }

    private async ValueTask OnNamespaceAsync(ObjectChange<Namespace> change)
    {
        if (!Synced.IsCompleted || SameLabels(change))
            return;
        foreach (var pod in _byNamespace.Find(change.Object.Metadata.Name))
            await PutAsync(pod);
    }

    // Nothing else of them is kept.
    private static bool SameLabels(ObjectChange<Namespace> change) =>
        (change.Old?.Metadata.Labels ?? None).OrderBy(static label => label.Key, StringComparer.Ordinal)
            .SequenceEqual((change.New?.Metadata.Labels ?? None).OrderBy(static label => label.Key, StringComparer.Ordinal));

    // A pod whose namespace is not known yet is left as it is until it is.
    private Task PutAsync(Pod pod) => LabelsOf(pod.Metadata.Namespace ?? "") is { } of ? _pods.PutAsync(pod, of.Metadata.Labels) : Task.CompletedTask;

    private Namespace? LabelsOf(string name) => _namespaceInformer.Find(new ObjectName("", name));

    // Only what is read is kept: an agent stays small on a full node.
    private Pod Trim(Pod pod) => pod with
    {
        Metadata = Trim(pod.Metadata, _selection.ReadsOfPod),
        Status = pod.Status is { } status ? status with { Conditions = null } : null,
    };

    private Namespace Trim(Namespace value) => value with { Metadata = Trim(value.Metadata, _selection.ReadsOfNamespace), Status = null };

    private static ObjectMeta Trim(ObjectMeta metadata, Func<string, bool> readsLabel) => metadata with
    {
        OwnerReferences = null,
        Labels = Only(metadata.Labels, readsLabel),
        Annotations = Only(metadata.Annotations, static key => key.Contains("istio.io/", StringComparison.Ordinal)),
    };

    private static IReadOnlyDictionary<string, string>? Only(IReadOnlyDictionary<string, string>? all, Func<string, bool> keep) =>
        all is null || !all.Keys.Any(keep) ? null : all.Where(pair => keep(pair.Key)).ToDictionary(StringComparer.Ordinal);
}

/// <param name="Labels">Of its namespace.</param>
internal sealed record FoundPod(Pod Pod, IReadOnlyDictionary<string, string>? Labels);
