using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Client;

/// <summary>A list as of one moment.</summary>
/// <param name="ResourceVersion">Of that moment: a watch from here misses nothing.</param>
/// <param name="Unreadable">Objects that are there but cannot be read.</param>
public sealed record ObjectList<T>(IReadOnlyList<T> Items, string ResourceVersion, IReadOnlyList<DecodedObject<T>> Unreadable)
    where T : KubernetesObject;

/// <summary>Takes a list while it arrives.</summary>
internal interface IListReceiver<T> where T : KubernetesObject
{
    ValueTask ReceiveAsync(DecodedObject<T> item);

    /// <summary>What came until now does not tell which objects exist: all of them will come once more.</summary>
    void Restart();
}

internal sealed class GatheredList<T> : IListReceiver<T> where T : KubernetesObject
{
    public List<T> Items { get; } = [];

    public List<DecodedObject<T>> Unreadable { get; } = [];

    public ValueTask ReceiveAsync(DecodedObject<T> item)
    {
        if (item.Value is { } value) Items.Add(value);
        else Unreadable.Add(item);
        return ValueTask.CompletedTask;
    }

    public void Restart()
    {
        Items.Clear();
        Unreadable.Clear();
    }
}
