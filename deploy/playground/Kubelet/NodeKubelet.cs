using System.Collections.Concurrent;
using System.Net;
using Ambient.Lab.Network;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Kubelet.Networking;
using Ambient.Playground.Kubelet.Sandboxes;

namespace Ambient.Playground.Kubelet;

/// <summary>
/// Runs on a lab's machine what the API says is to run there: follows the pods of its node, makes their sandboxes by CNI, starts and
/// probes their containers, reports, and takes down what is deleted. Container images are programs of this checkout.
/// </summary>
public sealed class NodeKubelet : IAsyncDisposable
{
    private readonly NodeParts _parts;
    private readonly ConcurrentDictionary<string, PodWorker> _pods = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly LabNode _node;
    private Task _following = Task.CompletedTask;

    private NodeKubelet(PlaygroundApi api, LabNode node, NodeFiles files, IReadOnlyList<IPAddress> addresses)
    {
        _node = node;
        _parts = new(api.Store, files, new(node, files, addresses), new(api.Store, api.Tokens, files),
            new NamespaceSockets(Path.Combine(LabId.NamespaceDirectory, node.Namespace)), new(api.Store, $"kubelet.{node.Name}"), addresses);
    }

    /// <param name="addresses">The node's, one per family of the cluster's pods; the first is its hostIP.</param>
    public static async Task<NodeKubelet> StartAsync(PlaygroundApi api, LabNode node, NodeFiles files, IReadOnlyList<IPAddress> addresses)
    {
        files.Make();
        var kubelet = new NodeKubelet(api, node, files, addresses);
        kubelet._following = Task.Run(kubelet.FollowAsync);
        await kubelet.RemoveOrphansAsync();
        return kubelet;
    }

    /// <summary>Where a pod runs.</summary>
    /// <returns>Null while it has no sandbox on this node.</returns>
    public RunningPod? Find(string ns, string name) => WorkerOf(ns, name) is { Sandbox: { } sandbox } worker
        ? new(ns, name, worker.Identity.Uid, _node, sandbox.Namespace, sandbox.Addresses) : null;

    /// <summary>The process of a container; null if it does not run here now.</summary>
    public int? ProcessOf(string ns, string name, string container) => WorkerOf(ns, name)?.ProcessOf(container);

    /// <summary>What its CNI plugins were run for, since this kubelet started.</summary>
    public IReadOnlyCollection<PluginCall> PluginCalls => _parts.Runtime.PluginCalls;

    /// <summary>Where a container's output is; null if its pod is not here.</summary>
    public string? LogFileOf(string ns, string name, string container) => WorkerOf(ns, name)?.LogFile(container);

    /// <summary>The machine loses its power: every process of every pod ends at once, and nobody is told.</summary>
    public async Task KillAsync()
    {
        await _stop.CancelAsync();
        try { await _following; }
        catch (OperationCanceledException) { }
        await Task.WhenAll(_pods.Values.Select(worker => worker.KillAsync()));
        foreach (var record in SandboxRecord.ReadAll(_parts.Files.Sandboxes).Where(record => record.Network is not null))
            await ContainerRuntime.RemoveNamespaceAsync(Path.GetFileName(record.Attachment.NamespacePath));
        if (LabControlGroups.Of(_node.Lab.Id) is { } groups) LabControlGroups.Remove(Path.Combine(groups, _node.Name));
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _stop.Dispose();
    }

    // Pods that were deleted while this node was away: nobody else gives back what their networks hold.
    private async Task RemoveOrphansAsync()
    {
        var known = _parts.Store.List(_parts.Pods).Items.Select(pod => pod.Uid).ToHashSet();
        foreach (var record in SandboxRecord.ReadAll(_parts.Files.Sandboxes).Where(record => !known.Contains(record.Attachment.PodUid)))
        {
            try { await _parts.Runtime.RemoveAsync(record); }
            catch (CniException) { } // its plugins are not there yet; the record stays for the next start
        }
    }

    private async Task FollowAsync()
    {
        _ = Task.Run(FollowMapsAsync);
        while (true)
        {
            var (list, feed) = _parts.Store.ListAndWatch(_parts.Pods);
            foreach (var pod in list.Items) See(pod);
            foreach (var gone in _pods.Values.ExceptBy(list.Items.Select(pod => pod.Uid), worker => worker.Identity.Uid)) gone.Stop();
            try
            {
                while (true)
                {
                    var written = await feed.ReadAsync(_stop.Token);
                    if (written.Type != WatchEventType.Deleted) See(written.New);
                    else if (_pods.TryGetValue(written.New.Uid, out var gone)) gone.Stop();
                }
            }
            catch (StatusException)
            {
                // Too far behind: from the start again.
            }
        }
    }

    private async Task FollowMapsAsync()
    {
        while (true)
        {
            var (_, feed) = _parts.Store.ListAndWatch(_parts.Store.Kinds.Get("", "ConfigMap"));
            foreach (var worker in _pods.Values) worker.RefreshVolumes();
            try
            {
                while (true)
                {
                    var written = await feed.ReadAsync(_stop.Token);
                    foreach (var worker in _pods.Values.Where(worker => worker.Identity.Namespace == written.New.Namespace)) worker.RefreshVolumes();
                }
            }
            catch (StatusException)
            {
                // Too far behind: any may have changed.
            }
        }
    }

    private PodWorker? WorkerOf(string ns, string name) => _pods.Values.FirstOrDefault(worker => worker.Identity.Namespace == ns && worker.Identity.Name == name);

    private void See(StoredObject pod)
    {
        if (_pods.TryGetValue(pod.Uid, out var known))
        {
            known.Changed(pod);
            return;
        }
        var document = pod.Copy();
        if (document.Text("spec", "nodeName") != _node.Name || document.Text("status", "phase") is "Succeeded" or "Failed") return;
        var worker = new PodWorker(_parts, pod);
        _pods[pod.Uid] = worker;
        worker.Changed(pod);
        worker.Running.ContinueWith(_ => _pods.TryRemove(pod.Uid, out var _), TaskScheduler.Default);
    }
}
