using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Informers;

public enum ChangeKind
{
    Added,
    Updated,
    Deleted,
}

/// <summary>One step in the life of an object.</summary>
/// <param name="Old">What the informer held before; null if added.</param>
/// <param name="New">What it holds now; null if deleted.</param>
public readonly record struct ObjectChange<T>(ChangeKind Kind, T? Old, T? New) where T : KubernetesObject
{
    /// <summary>The object, or what it was before it was deleted.</summary>
    public T Object => (New ?? Old)!;

    public ObjectName Name => ObjectName.Of(Object);
}
