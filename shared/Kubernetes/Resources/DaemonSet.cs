namespace Ambient.Kubernetes.Resources;

/// <summary>Only whether it is there, or being deleted, is asked.</summary>
public sealed record DaemonSet : KubernetesObject;
