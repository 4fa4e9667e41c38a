namespace Ambient.Certificates.Store;

/// <summary>Identities that wait for a free fetch: by priority, then in the order they came due. Not thread-safe.</summary>
internal sealed class FetchQueue
{
    private readonly LinkedList<CertificateEntry>[] _byPriority = [new(), new(), new()];

    public void Add(CertificateEntry entry, FetchPriority priority)
    {
        entry.Priority = priority;
        entry.Queued = _byPriority[(int)priority].AddLast(entry);
    }

    public void Raise(CertificateEntry entry, FetchPriority priority)
    {
        if (entry.Queued is null || priority >= entry.Priority)
            return;
        Remove(entry);
        Add(entry, priority);
    }

    public void Remove(CertificateEntry entry)
    {
        if (entry.Queued is { List: { } list } place)
            list.Remove(place);
        entry.Queued = null;
    }

    public bool TryTake(out CertificateEntry entry)
    {
        foreach (var waiting in _byPriority)
        {
            if (waiting.First is { } first)
            {
                entry = first.Value;
                Remove(entry);
                return true;
            }
        }
        entry = null!;
        return false;
    }
}
