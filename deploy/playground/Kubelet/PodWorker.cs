using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Kubelet.Containers;
using Ambient.Playground.Kubelet.Networking;
using Ambient.Playground.Kubelet.Sandboxes;

namespace Ambient.Playground.Kubelet;

/// <summary>One pod on its node, from the first sandbox to the last trace.</summary>
internal sealed class PodWorker
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250), LongestWait = TimeSpan.FromSeconds(5);

    private readonly NodeParts _parts;
    private readonly PodContext _pod;
    private readonly PodReport _report;
    private readonly List<(JsonObject Spec, ContainerState State)> _initial, _containers;
    private readonly string _policy;
    private readonly CancellationTokenSource _stopping = new(), _killed = new();
    private PodSandbox? _sandbox;

    public PodWorker(NodeParts parts, StoredObject pod)
    {
        _parts = parts;
        var document = pod.Copy();
        _policy = document.Text("spec", "restartPolicy") ?? "Always";
        _initial = Containers(document, "initContainers", "initContainerStatuses");
        _containers = Containers(document, "containers", "containerStatuses");
        _report = new([.. _initial.Select(one => one.State)], [.. _containers.Select(one => one.State)], _policy, parts.NodeAddresses);
        _pod = new(PodIdentity.Of(document), parts.Store, parts.Events, parts.Sockets, parts.Files.Logs, WriteStatus) { Grace = GraceOf(document) };
        _pod.Document();
        Running = RunAsync();
    }

    public PodIdentity Identity => _pod.Identity;

    /// <summary>Where the pod runs; null before and after.</summary>
    public PodSandbox? Sandbox => _sandbox;

    /// <summary>Completes once nothing is left of the pod on the node.</summary>
    public Task Running { get; }

    /// <summary>A write to the pod: it may be ending, or its volumes may hold something else.</summary>
    public void Changed(StoredObject pod)
    {
        if (!pod.IsEnding) return;
        _pod.Grace = GraceOf(pod.Copy());
        _stopping.Cancel();
    }

    /// <summary>The API does not know the pod any more: it was removed without grace.</summary>
    public void Stop()
    {
        _pod.Grace = TimeSpan.Zero;
        _stopping.Cancel();
    }

    public string LogFile(string container) => _pod.LogFile(container);

    /// <summary>The process of a container that runs now; null if it does not.</summary>
    public int? ProcessOf(string container) => _containers.FirstOrDefault(one => one.State.Name == container).State?.ProcessId;

    /// <summary>What it refers to may have changed.</summary>
    public void RefreshVolumes()
    {
        try { _parts.Volumes.Write(_pod.Document()); }
        catch (ContainerException) { } // what was there stays, as it does in a cluster
        catch (IOException) { } // the pod goes, and its files with it
    }

    /// <summary>The node loses its power: processes end at once, nobody is told, what is on disk stays.</summary>
    public async Task KillAsync()
    {
        await _killed.CancelAsync();
        if (_sandbox is { } sandbox) await sandbox.KillAsync();
        try { await Running; }
        catch (OperationCanceledException) { }
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, _killed.Token);
        try
        {
            await StartAsync(either.Token);
            await Task.WhenAll(_containers.Select(one => LoopOf(one, _policy).RunAsync(_stopping.Token, _killed.Token)));
        }
        catch (OperationCanceledException) { } // before all of its containers were started
        if (_killed.IsCancellationRequested) return;
        await EndAsync();
    }

    private async Task StartAsync(CancellationToken stop)
    {
        _pod.Report(() => { });
        await RetryAsync("FailedMount", () => { _parts.Volumes.Write(_pod.Document()); return Task.CompletedTask; }, stop);
        await RetryAsync("FailedCreatePodSandBox", MakeSandboxAsync, stop);
        stop.ThrowIfCancellationRequested();
        _pod.Report(() => _report.Addresses = _sandbox!.Addresses);
        foreach (var one in _initial)
        {
            await LoopOf(one, _policy == "Never" ? "Never" : "OnFailure").RunAsync(_stopping.Token, _killed.Token);
            stop.ThrowIfCancellationRequested();
            if (one.State.ExitCode is not 0)
            {
                _pod.Report(() => _report.HasFailed = true);
                await Task.Delay(Timeout.InfiniteTimeSpan, _pod.Time, stop);
            }
        }
        _pod.Report(() => _report.IsInitialized = true);
    }

    private async Task MakeSandboxAsync()
    {
        await _parts.Runtime.RemoveLeftoversAsync(Identity.Uid);
        _sandbox = await _parts.Runtime.MakeAsync(_pod.Identity);
    }

    private ContainerLoop LoopOf((JsonObject Spec, ContainerState State) one, string policy) => new(_pod, _sandbox!, _parts.Volumes, one.Spec, one.State, policy);

    // What fails is tried again, less and less often; the event says what the plugin, or whoever it was, said.
    private async Task RetryAsync(string reason, Func<Task> work, CancellationToken stop)
    {
        for (var wait = FirstWait; ; wait = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, wait.Ticks * 2)))
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                await work();
                return;
            }
            catch (Exception failure) when (failure is CniException or ContainerException or Lab.LabException or IOException)
            {
                if (_killed.IsCancellationRequested) return;
                _pod.Record(reason, failure is CniException ? $"Failed to create pod sandbox: {failure.Message}" : failure.Message, "Warning");
            }
            await Task.Delay(wait, _pod.Time, stop);
        }
    }

    // The processes have ended; only now the network goes, so that their last words could leave.
    private async Task EndAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            try { await Task.Delay(Timeout.InfiniteTimeSpan, _pod.Time, CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, _killed.Token).Token); }
            catch (OperationCanceledException) { } // it was completed, and is now deleted
            if (_killed.IsCancellationRequested) return;
        }
        if (_sandbox is { } sandbox)
        {
            await sandbox.KillAsync();
            sandbox.RemoveGroup();
        }
        await RetryAsync("FailedKillPod", () => _parts.Runtime.RemoveLeftoversAsync(Identity.Uid), _killed.Token);
        _sandbox = null;
        _parts.Volumes.Remove(Identity.Uid);
        if (_pod.Find() is not null) _parts.Store.Delete(_parts.Pods, Identity.Namespace, Identity.Name, new() { GracePeriodSeconds = 0, Uid = Identity.Uid });
    }

    private void WriteStatus()
    {
        if (_killed.IsCancellationRequested || _pod.Find() is null) return;
        _parts.Store.Update(_parts.Pods, Identity.Namespace, Identity.Name, document =>
        {
            _report.WriteTo(document, _pod.Time.GetUtcNow());
            return document;
        }, new() { Owner = "kubelet", Subresource = "status" });
    }

    // A container that an earlier kubelet had started has been restarted if it is started again.
    private static List<(JsonObject, ContainerState)> Containers(JsonObject pod, string specs, string statuses) =>
        [.. pod.ObjectsAt("spec", specs).Select(spec => (spec, new ContainerState(spec.Text("name")!, spec.Text("image") ?? "")
        {
            Restarts = (int)(pod.ObjectsAt("status", statuses).FirstOrDefault(old => old.Text("name") == spec.Text("name") && old["containerID"] is not null)
                is { } earlier ? (earlier.Number("restartCount") ?? 0) + 1 : 0),
        }))];

    private static TimeSpan GraceOf(JsonObject pod) =>
        TimeSpan.FromSeconds(pod.Number("metadata", "deletionGracePeriodSeconds") ?? pod.Number("spec", "terminationGracePeriodSeconds") ?? 30);
}
