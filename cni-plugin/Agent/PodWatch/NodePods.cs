using Ambient.CniAgent.Enrollment;
using Ambient.CniAgent.Journal;
using Ambient.CniAgent.Redirection;
using Ambient.Kubernetes.Resources;
using PodSpec = Ambient.CniAgent.PodNamespaces.PodSpec;

namespace Ambient.CniAgent.PodWatch;

/// <summary>
/// What is known of this node's pods, from three sides: the journal (what was before), the API (what shall be) and the CNI
/// plugin (which sandboxes there are). Whatever one of them changes is written down and passed on to enrolment.
/// </summary>
/// <remarks>Thread-safe; one change at a time.</remarks>
internal sealed class NodePods(
    PodSelection selection, PodJournal journal, JournalWriter writer, NodeEnrollment enrollment, PodReports reports, bool captureDnsByDefault) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<string, JournalEntry> _pods = [];
    private readonly HashSet<string> _fromBefore = []; // uids that only the journal knows of yet

    /// <summary>Takes up where the last process stopped: what was in the mesh is looked after again.</summary>
    /// <exception cref="IOException">The journal cannot be read.</exception>
    public Task RestoreAsync() => InTurnAsync(async () =>
    {
        foreach (var entry in journal.ReadAll())
        {
            _pods[entry.Pod.Uid] = entry;
            _fromBefore.Add(entry.Pod.Uid);
            if (entry.InMesh && IsLocated(entry))
                await enrollment.WantAsync(entry.Pod, reports);
        }
        return true;
    });

    /// <summary>The API says that the pod is so.</summary>
    /// <param name="labels">Of its namespace.</param>
    public Task PutAsync(Pod pod, IReadOnlyDictionary<string, string>? labels) => InTurnAsync(async () =>
    {
        if (PodSelection.HasEnded(pod))
            return await ForgetAsync(pod.Metadata.Uid ?? "");
        var before = _pods.GetValueOrDefault(pod.Metadata.Uid ?? "");
        var next = Describe(pod, labels, before);
        var wasInMesh = before is { InMesh: true } || pod.Metadata.Annotation(PodReports.Annotation) is not null; // the journal says no before it is out
        reports.Seen(pod);
        if (next != before)
            Remember(next);
        if (next.InMesh && IsLocated(next))
            await enrollment.WantAsync(next.Pod, reports);
        else if (!next.InMesh && wasInMesh)
            await enrollment.UnwantAsync(next.Pod, opened: () => reports.Left(next.Pod));
        return true;
    });

    /// <summary>The API no longer has the pod.</summary>
    public Task RemoveAsync(string uid) => InTurnAsync(() => ForgetAsync(uid));

    /// <summary>The API had these and no others when it was first listed. A pod that the plugin has named since may be younger than that.</summary>
    public Task KeepOnlyAsync(IReadOnlySet<string> uids) => InTurnAsync(async () =>
    {
        foreach (var gone in _fromBefore.Where(uid => !uids.Contains(uid)).ToList())
            await ForgetAsync(gone);
        _fromBefore.Clear();
        return true;
    });

    /// <summary>The runtime has made a sandbox for the pod; no container of it has started yet.</summary>
    /// <param name="pod">As the API has it; null if the API cannot be asked: then the journal decides.</param>
    /// <param name="sandbox">The uid and where the sandbox is.</param>
    /// <returns>Once it is in the journal: the pod if it is to be in the mesh; it is being enrolled. Null if it is not.</returns>
    /// <exception cref="UnknownPodException">Neither knows the pod.</exception>
    public async Task<PodSpec?> StartSandboxAsync(Pod? pod, IReadOnlyDictionary<string, string>? labels, NamedSandbox sandbox)
    {
        var started = await InTurnAsync(() => StartAsync(pod, labels, sandbox));
        await writer.WrittenAsync(sandbox.Uid);
        return started;
    }

    private async Task<PodSpec?> StartAsync(Pod? pod, IReadOnlyDictionary<string, string>? labels, NamedSandbox sandbox)
    {
        var before = _pods.GetValueOrDefault(sandbox.Uid);
        if (pod is not null)
            _fromBefore.Remove(sandbox.Uid);
        var known = pod is not null ? Describe(pod, labels, before) : before ?? throw new UnknownPodException(sandbox.Uid);
        var next = known with
        {
            Pod = known.Pod with { NetworkNamespace = sandbox.Netns, Addresses = [.. sandbox.Addresses] },
            Sandbox = new Sandbox(sandbox.ContainerId, IsGone: false),
        };
        Remember(next);
        if (!next.InMesh)
            return null;
        if (pod is not null)
            reports.Seen(pod);
        reports.Expect(next.Pod);
        await enrollment.WantAsync(next.Pod, reports, isNewSandbox: true);
        return next.Pod;
    }

    /// <summary>The runtime is about to take down a sandbox. When this returns, the node proxies have let go of the pod.</summary>
    public async Task EndSandboxAsync(string uid, string containerId)
    {
        await await InTurnAsync(() => EndAsync(_pods.GetValueOrDefault(uid), containerId));
        await writer.WrittenAsync(uid);
    }

    /// <summary>The runtime has these sandboxes and no others.</summary>
    public Task KeepOnlySandboxesAsync(IReadOnlySet<string> containerIds) => InTurnAsync(async () =>
    {
        foreach (var entry in _pods.Values.Where(entry => entry.Sandbox is { IsGone: false } sandbox && !containerIds.Contains(sandbox.ContainerId)).ToList())
            await EndAsync(entry, entry.Sandbox!.ContainerId);
        return true;
    });

    /// <summary>Whether the pod is to be in the mesh; null if it is not known.</summary>
    public Task<bool?> IsInMeshAsync(string uid) => InTurnAsync(() => Task.FromResult(_pods.GetValueOrDefault(uid)?.InMesh));

    /// <summary>The uid of a pod by its name, from what is known; null if it is not, or not uniquely.</summary>
    public Task<string?> FindUidAsync(ObjectName name) => InTurnAsync(() =>
    {
        var found = _pods.Values.Where(entry => entry.Pod.Namespace == name.Namespace && entry.Pod.Name == name.Name).Take(2).ToList();
        return Task.FromResult(found.Count == 1 ? found[0].Pod.Uid : null);
    });

    public void Dispose() => _turn.Dispose();

    private JournalEntry Describe(Pod pod, IReadOnlyDictionary<string, string>? labels, JournalEntry? before)
    {
        var decision = selection.Decide(pod, labels);
        var annotations = pod.Metadata.Annotations ?? new Dictionary<string, string>();
        var redirection = RedirectAnnotations.Read(annotations, captureDnsByDefault, ProbePorts.Of(pod.Spec), out var warnings);
        reports.Notes(pod, decision.Problem is { } problem ? [problem] : decision.InMesh ? warnings : []);
        // A pod that got another address without the plugin being asked: somebody had taken it out of the configuration.
        var isNamed = before?.Sandbox is not null && !(IsLost(before) && !AddressesOf(pod).SequenceEqual(before.Pod.Addresses));
        var spec = new PodSpec(pod.Metadata.Uid ?? "", pod.Metadata.Name, pod.Metadata.Namespace ?? "", pod.Spec?.ServiceAccountName ?? "default",
            isNamed ? before!.Pod.NetworkNamespace : "", isNamed ? before!.Pod.Addresses : [.. AddressesOf(pod)], redirection);
        return new JournalEntry(spec, decision.InMesh, isNamed ? before!.Sandbox : null);
    }

    private static IEnumerable<string> AddressesOf(Pod pod) =>
        (pod.Status?.PodIPs ?? []).Select(static ip => ip?.Ip ?? "").Append(pod.Status?.PodIP ?? "").Where(static text => text.Length > 0).Distinct();

    // Without address nothing proves that a namespace is the pod's, and before it has one it has no sandbox.
    private static bool IsLocated(JournalEntry entry) => entry.Pod.Addresses.Any() && entry.Sandbox is not { IsGone: true } && !IsLost(entry);

    // A path that is gone is a sandbox from before a reboot: the plugin will name the next.
    private static bool IsLost(JournalEntry entry) => entry.Pod.NetworkNamespace.Length > 0 && !File.Exists(entry.Pod.NetworkNamespace);

    /// <returns>Completes when the node proxies have let go: not waited for in turn, other pods must not wait for that.</returns>
    private async Task<Task> EndAsync(JournalEntry? entry, string containerId)
    {
        // A runtime repeats DEL of sandboxes that are long replaced.
        if (entry?.Sandbox is not { IsGone: false } sandbox || sandbox.ContainerId != containerId)
            return Task.CompletedTask;
        Remember(entry with { Pod = entry.Pod with { NetworkNamespace = "", Addresses = [] }, Sandbox = sandbox with { IsGone = true } });
        return entry.InMesh ? await enrollment.ForgetAsync(entry.Pod.Uid) : Task.CompletedTask;
    }

    private async Task<bool> ForgetAsync(string uid)
    {
        if (_pods.Remove(uid, out var entry) && entry.InMesh)
            await enrollment.ForgetAsync(uid);
        reports.Forget(uid);
        if (entry is not null)
            writer.Remove(entry.Pod);
        return true;
    }

    private void Remember(JournalEntry entry)
    {
        _pods[entry.Pod.Uid] = entry;
        writer.Write(entry);
    }

    private async Task<T> InTurnAsync<T>(Func<Task<T>> work)
    {
        await _turn.WaitAsync();
        try
        {
            return await work();
        }
        finally
        {
            _turn.Release();
        }
    }
}
