using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Client;

public enum WatchEventKind
{
    Added,
    Modified,
    Deleted,

    /// <summary>Nothing happened, but the resource version has moved on.</summary>
    Bookmark,
}

/// <param name="Object">Of a bookmark only the resource version counts; of a deletion it is the last state.</param>
public readonly record struct WatchEvent<T>(WatchEventKind Kind, DecodedObject<T> Object) where T : KubernetesObject;
