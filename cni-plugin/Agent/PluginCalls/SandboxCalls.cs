using Ambient.CniAgent.Enrollment;
using Ambient.CniAgent.PodWatch;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;

namespace Ambient.CniAgent.PluginCalls;

/// <summary>Answers the CNI plugin: a pod that is to be in the mesh may start once it is captured and served, and not before.</summary>
internal sealed class SandboxCalls(
    PodWatcher watcher, NodePods pods, NodeEnrollment enrollment, PodReports reports, string hostRoot, TimeProvider time)
{
    // An API that does not answer does not keep pods from starting: nobody hears of their addresses either.
    private static readonly TimeSpan AnnotationLimit = TimeSpan.FromSeconds(2);

    // The plugin gives the whole question 10 s.
    private static readonly TimeSpan EnrollmentLimit = TimeSpan.FromSeconds(8);

    public Task<PluginAnswer> AnswerAsync(PluginCall call, CancellationToken stop) => (call.Method, call.Path) switch
    {
        ("POST", "/cmdadd") => AddAsync(PluginEvent.Parse(call.Body.Span), stop),
        ("POST", "/cmddel") => DeleteAsync(PluginEvent.Parse(call.Body.Span)),
        ("POST", "/cmdcheck") => CheckAsync(PluginEvent.Parse(call.Body.Span)),
        ("POST", "/cmdgc") => CollectAsync(PluginEvent.Parse(call.Body.Span)),
        _ => Task.FromResult(new PluginAnswer(404, $"{call.Method} {call.Path} is not known to this agent. Are plugin and agent of different versions?")),
    };

    private async Task<PluginAnswer> AddAsync(PluginEvent sandbox, CancellationToken stop)
    {
        var name = NameOf(sandbox);
        if (string.IsNullOrEmpty(sandbox.Netns) || !Path.IsPathRooted(sandbox.Netns))
            throw new FormatException("Netns is missing or not an absolute path.");
        using var late = new CancellationTokenSource(EnrollmentLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        PodNamespaces.PodSpec? pod;
        try
        {
            pod = await StartAsync(name, sandbox, either.Token);
        }
        catch (ApiException error)
        {
            return PluginAnswer.Refused($"The API has no pod {name}: {error.Message}");
        }
        catch (UnknownPodException)
        {
            return PluginAnswer.NotYet($"Whether {name} is to be in the mesh is not known: the Kubernetes API cannot be reached from the node agent, " +
                "and the pod was not on this node before. It starts once the API answers");
        }
        if (pod is null)
            return PluginAnswer.Done;
        var status = await enrollment.WaitUntilEnrolledAsync(pod.Uid, either.Token);
        if (status is not { State: EnrollmentState.Enrolled })
            return PluginAnswer.NotYet($"{name} is to be in the mesh and is not captured yet: {status?.Error ?? "it left again meanwhile"}");
        await SaidAsync(pod.Uid, either.Token);
        return PluginAnswer.Done;
    }

    // Before anybody hears of the pod's address it is said that it is reached through a tunnel: otherwise the first connections to
    // it would come in plaintext.
    private async Task SaidAsync(string uid, CancellationToken stop)
    {
        if (!watcher.Synced.IsCompleted)
            return;
        try
        {
            await reports.WrittenAsync(uid).WaitAsync(AnnotationLimit, time, stop);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            // It is written as soon as the API answers.
        }
    }

    private async Task<PodNamespaces.PodSpec?> StartAsync(ObjectName name, PluginEvent sandbox, CancellationToken stop)
    {
        var uid = sandbox.PodUid is { Length: > 0 } given ? given : null;
        // Without the API, and with the pod known from before, there is nothing to wait for.
        var found = watcher.Synced.IsCompleted || uid is null || await pods.IsInMeshAsync(uid) is null
            ? await watcher.FindAsync(name, uid ?? "", stop)
            : null;
        uid ??= found?.Pod.Metadata.Uid ?? await pods.FindUidAsync(name) ?? throw new UnknownPodException("");
        var netns = Path.Join(hostRoot, sandbox.Netns);
        return await pods.StartSandboxAsync(found?.Pod, found?.Labels, new NamedSandbox(uid, sandbox.ContainerId ?? "", netns, [.. sandbox.AddressTexts]));
    }

    private async Task<PluginAnswer> DeleteAsync(PluginEvent sandbox)
    {
        if (await UidOfAsync(sandbox) is not { } uid)
            return PluginAnswer.Done;
        await pods.EndSandboxAsync(uid, sandbox.ContainerId ?? "");
        if (watcher.HasNot(uid))
            await pods.RemoveAsync(uid); // it went after its ADD was looked up and before that had its turn: nobody tells of it again
        return PluginAnswer.Done;
    }

    private async Task<PluginAnswer> CheckAsync(PluginEvent sandbox)
    {
        if (await UidOfAsync(sandbox) is not { } uid || await pods.IsInMeshAsync(uid) is not true)
            return PluginAnswer.Done;
        var status = enrollment.StatusOf(uid);
        return status is { State: EnrollmentState.Enrolled }
            ? PluginAnswer.Done
            : PluginAnswer.Refused($"{NameOf(sandbox)} is not captured: {status?.Error ?? "it is not looked after yet"}");
    }

    private async Task<PluginAnswer> CollectAsync(PluginEvent valid)
    {
        await pods.KeepOnlySandboxesAsync((valid.ValidContainers ?? throw new FormatException("ValidContainers is missing.")).ToHashSet(StringComparer.Ordinal));
        return PluginAnswer.Done;
    }

    private async Task<string?> UidOfAsync(PluginEvent sandbox) =>
        sandbox.PodUid is { Length: > 0 } uid ? uid : await pods.FindUidAsync(NameOf(sandbox));

    private static ObjectName NameOf(PluginEvent sandbox) => sandbox is { PodName.Length: > 0, PodNamespace.Length: > 0 }
        ? new ObjectName(sandbox.PodNamespace, sandbox.PodName)
        : throw new FormatException("PodName or PodNamespace is missing.");
}
