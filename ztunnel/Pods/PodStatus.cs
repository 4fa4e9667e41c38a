namespace Ambient.Ztunnel.Pods;

/// <summary>Whether a pod is served.</summary>
internal enum PodState
{
    /// <summary>Its proxy could not be started; it is tried again.</summary>
    Pending,

    Up,
}

/// <summary>One pod as the configuration dump shows it.</summary>
/// <param name="Error">Why it is pending.</param>
/// <param name="Proxy">What serves it; null while pending.</param>
internal sealed record PodStatus(PodInfo Pod, PodState State, string? Error, IPodProxy? Proxy);
