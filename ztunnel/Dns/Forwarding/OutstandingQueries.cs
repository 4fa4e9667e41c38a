namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>Bounds what one pod can have us wait for; touched by the pod's loop only.</summary>
internal sealed class OutstandingQueries(int maxQueries = OutstandingQueries.DefaultQueries, int maxBytes = OutstandingQueries.DefaultBytes)
{
    /// <summary>With 5 s for each, this is the fewest that an upstream losing everything lets in: 200 per second.</summary>
    public const int DefaultQueries = 1024;

    /// <summary>1 MiB: queries have a few dozen bytes, UPDATE messages a few thousand.</summary>
    public const int DefaultBytes = 1024 * 1024;

    private int _bytes;
    private TaskCompletionSource? _emptied;

    public int Count { get; private set; }

    /// <summary>Makes room for one message, to be given back with <see cref="Leave"/>; false if the pod has too many waiting.</summary>
    public bool TryEnter(int bytes)
    {
        if (Count >= maxQueries || _bytes + bytes > maxBytes)
            return false;
        Count++;
        _bytes += bytes;
        return true;
    }

    public void Leave(int bytes)
    {
        Count--;
        _bytes -= bytes;
        if (Count == 0)
            _emptied?.TrySetResult();
    }

    /// <summary>Completes when nobody waits any more, now or later.</summary>
    public Task WhenEmptyAsync() => Count == 0 ? Task.CompletedTask : (_emptied = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
}
