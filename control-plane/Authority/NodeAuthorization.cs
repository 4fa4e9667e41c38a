using Ambient.ControlPlane.Callers;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Identities;

namespace Ambient.ControlPlane.Authority;

/// <summary>
/// Whether a node proxy may have the identity of a pod: only if such a pod runs on its own node. What the cache does not
/// know is asked of the API server before anybody is refused, because a pod that was just scheduled reaches its node first.
/// </summary>
internal sealed class NodeAuthorization(AuthorityOptions options, INodePods pods, TimeProvider time)
{
    private readonly RecentRefusals _refusals = new(time);
    private readonly SemaphoreSlim _questions = new(8);

    /// <summary>The identity to sign for <paramref name="caller"/>.</summary>
    /// <param name="requested">What it asks for on behalf of a pod; null for its own identity.</param>
    /// <exception cref="RefusedException">It may not; the message says which check failed and what to do, for the caller's eyes.</exception>
    public async ValueTask<SpiffeId> AuthorizeAsync(Caller caller, string? requested, CancellationToken stop)
    {
        if (requested is null)
            return new SpiffeId(options.TrustDomain, caller.Namespace, caller.ServiceAccount);
        RequireTrustedAccount(caller);
        var identity = RequireOurs(requested);
        var node = await NodeOfAsync(caller, stop);
        await RequirePodAsync(identity, node, stop);
        return identity;
    }

    private void RequireTrustedAccount(Caller caller)
    {
        if (options.TrustedNodeAccounts.Count == 0)
            throw new RefusedException("impersonation is off: no node accounts are trusted (CA_TRUSTED_NODE_ACCOUNTS is empty)");
        if (caller is not { PodName: not null, PodUid: not null })
            throw new RefusedException("the credentials do not say which pod calls; use a token that is projected into the pod, not a client certificate");
        if (!options.TrustedNodeAccounts.Contains(new(caller.Namespace, caller.ServiceAccount)))
            throw new RefusedException($"service account {caller.Namespace}/{caller.ServiceAccount} is not a trusted node account (CA_TRUSTED_NODE_ACCOUNTS)");
    }

    private SpiffeId RequireOurs(string requested)
    {
        if (!IdentityNames.TryParse(requested, out var identity))
            throw new RefusedException("the requested identity is not spiffe://<trust domain>/ns/<namespace>/sa/<service account> with names that Kubernetes allows");
        if (!options.IsOurTrustDomain(identity.TrustDomain))
            throw new RefusedException($"the requested identity is of trust domain {identity.TrustDomain}; this mesh is {options.TrustDomain}");
        return identity;
    }

    private async ValueTask<string> NodeOfAsync(Caller caller, CancellationToken stop)
    {
        var name = new ObjectName(caller.Namespace, caller.PodName!);
        var pod = pods.Find(name);
        if (pod is null || Refusal(pod, caller) is not null)
            pod = await AskAsync(() => pods.AskAsync(name, stop), stop); // the cache may be behind
        if (pod is null)
            throw new RefusedException($"the calling pod {name} does not exist any more");
        if (Refusal(pod, caller) is { } why)
            throw new RefusedException($"the calling pod {name} {why}");
        return pod.Spec!.NodeName!;
    }

    private static string? Refusal(Pod pod, Caller caller) => pod switch
    {
        _ when pod.Metadata.Uid != caller.PodUid => "is not the one that the token was made for (its UID differs)",
        _ when (pod.Spec?.ServiceAccountName ?? "") != caller.ServiceAccount => "runs as another service account than the token's",
        _ when pod.Spec?.NodeName is not { Length: > 0 } => "is not on a node yet",
        _ when HasEnded(pod) => "has ended",
        _ => null,
    };

    private async ValueTask RequirePodAsync(SpiffeId identity, string node, CancellationToken stop)
    {
        if (pods.On(node, identity.Namespace, identity.ServiceAccount).Any(pod => RunsAs(pod, identity, node)))
            return;
        if (!_refusals.Has(node, identity))
        {
            var now = await AskAsync(() => pods.AskOnAsync(node, identity.Namespace, stop), stop);
            if (now.Any(pod => RunsAs(pod, identity, node)))
                return;
            _refusals.Add(node, identity);
        }
        throw new RefusedException($"no running pod with service account {identity.Namespace}/{identity.ServiceAccount} is on the caller's node {node}; " +
            "if it has just been scheduled try again, if it has moved or ended forget its identity");
    }

    // A pod whose containers have ended for good needs no identity; a terminating one still serves.
    private static bool RunsAs(Pod pod, SpiffeId identity, string node) =>
        pod.Metadata.Namespace == identity.Namespace && pod.Spec?.ServiceAccountName == identity.ServiceAccount &&
        pod.Spec.NodeName == node && !HasEnded(pod);

    private static bool HasEnded(Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    private async Task<T> AskAsync<T>(Func<Task<T>> question, CancellationToken stop)
    {
        await _questions.WaitAsync(stop);
        try
        {
            return await question();
        }
        finally
        {
            _questions.Release();
        }
    }
}

/// <summary>Somebody may not have the identity they asked for. The message is meant for them.</summary>
internal sealed class RefusedException(string message) : Exception(message);
