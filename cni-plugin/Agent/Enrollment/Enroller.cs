using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.Redirection;
using Ambient.CniAgent.Zds;
using Ambient.Linux.Namespaces;

namespace Ambient.CniAgent.Enrollment;

/// <summary>The steps that take a pod into the mesh, and those that take it out. READ THIS FIRST.</summary>
/// <remarks>
/// In: rules, then proxy. From the moment the rules stand until the proxy listens, the pod's TCP is refused, in both
/// directions; it is never carried in plaintext. A pod that runs already is served first if a proxy is there, so that nobody
/// is refused who calls it then. Its TCP connections from before go on as they began, unless they are to be reset. Out: the rules
/// capture no more, so that what begins from then on goes directly, as for any pod outside the mesh, and the mesh is told. Peers
/// have a second to hear of it, in which they are served as before; then the proxy lets connections finish for a moment, and then
/// go the rules that carry these.
/// </remarks>
internal sealed class Enroller(PodNamespaceOpener opener, RuleInstaller rules, PodRegistry registry, ZdsServer proxies, TimeProvider time)
{
    private static readonly TimeSpan PeersHear = TimeSpan.FromSeconds(1);

    /// <summary>A node proxy that connects before the pod is closed, and serves it from before, is told to go on.</summary>
    public void Announce(PodSpec pod) => registry.Announce(pod);

    /// <summary>Has the node proxy listen in a pod that is not closed yet: nothing comes to it before the rules stand.</summary>
    /// <exception cref="IOException">It does not listen; the pod is as open as before.</exception>
    public async Task ServeFirstAsync(PodSpec pod, CancellationToken stop)
    {
        registry.Hold(pod, Claim(pod));
        await ServeAsync(pod, stop);
    }

    /// <summary>Closes the pod: opens and checks its namespace and puts verified rules there. A proxy that connects is told of it.</summary>
    /// <param name="isNewSandbox">Nothing has run in it yet.</param>
    /// <returns>What somebody had changed, and whether the pod or its namespace is new to us.</returns>
    /// <exception cref="IOException">Not closed: <see cref="PodNamespaceException"/> or <see cref="RedirectionException"/> says why.</exception>
    public async Task<(IReadOnlyList<string> Found, bool IsNew)> CloseAsync(PodSpec pod, bool isNewSandbox, CancellationToken stop)
    {
        var netns = Claim(pod);
        try
        {
            var found = await rules.EnsureAsync(netns, pod.Redirection, isNewSandbox);
            return (found, registry.Hold(pod, netns));
        }
        catch
        {
            netns.Dispose();
            throw;
        }
    }

    /// <summary>Has the node proxy serve the closed pod: its listeners are bound when this returns.</summary>
    /// <exception cref="ZdsException">The pod stays closed.</exception>
    public Task ServeAsync(PodSpec pod, CancellationToken stop) => proxies.AddAsync(pod.Uid).WaitAsync(stop);

    /// <summary>Takes the pod out of the mesh. What is gone already is no error.</summary>
    /// <param name="opened">Called once nothing is captured any more, before connections are given time to finish.</param>
    /// <param name="stop">Ends the waiting for others, not the removal.</param>
    /// <exception cref="IOException">Its rules are still there; try again.</exception>
    public async Task RemoveAsync(PodSpec pod, Action opened, CancellationToken stop)
    {
        // The one that was enrolled, if we hold it: its addresses may have gone before the pod does.
        using (var netns = registry.Open(pod.Uid) ?? OpenIfExists(pod))
        {
            if (netns is not null)
                await rules.OpenAsync(netns);
            opened();
            await Task.Delay(PeersHear, time, stop).ContinueWith(static _ => { }, TaskScheduler.Default);
            await proxies.DeleteAsync(pod.Uid);
            if (netns is not null)
                await rules.RemoveAsync(netns);
        }
        registry.Drop(pod.Uid);
        await proxies.DeleteAsync(pod.Uid); // one that connected meanwhile was told of the pod
    }

    /// <summary>Has all node proxies let go of a pod whose sandbox goes. Its rules stay until then: it is never open.</summary>
    public async Task ForgetAsync(string uid, CancellationToken stop)
    {
        try
        {
            await proxies.DeleteAsync(uid).WaitAsync(stop);
            if (registry.ClaimOf(uid) is { } netns)
                rules.Forget(netns);
            registry.Drop(uid);
        }
        catch (OperationCanceledException)
        {
            // It comes back, with what is held for it now.
        }
    }

    private NetworkNamespace Claim(PodSpec pod)
    {
        var netns = opener.Open(pod);
        try
        {
            registry.Claim(pod, netns.Key);
            return netns;
        }
        catch
        {
            netns.Dispose();
            throw;
        }
    }

    private NetworkNamespace? OpenIfExists(PodSpec pod)
    {
        if (pod.NetworkNamespace.Length > 0 && !File.Exists(pod.NetworkNamespace))
            return null;
        try
        {
            return opener.Open(pod);
        }
        catch (PodNamespaceException)
        {
            return null; // no process of it, or a path that is a plain file or another pod's namespace by now: ours is gone
        }
    }
}
