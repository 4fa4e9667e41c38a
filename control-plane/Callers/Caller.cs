namespace Ambient.ControlPlane.Callers;

/// <summary>Who calls, as the API server or a certificate of ours says.</summary>
/// <param name="PodName">The pod that the token is bound to; null for a client certificate or an unbound token.</param>
/// <param name="PodUid">That pod's UID: a pod of the same name that came later is another one.</param>
internal sealed record Caller(string Namespace, string ServiceAccount, string? PodName, string? PodUid)
{
    public override string ToString() => PodName is null ? $"{Namespace}/{ServiceAccount}" : $"{Namespace}/{ServiceAccount} (pod {PodName})";
}
