namespace Ambient.ControlPlane.Distribution;

/// <summary>When the latest changes were made, by sequence number. One writer; readers on any thread.</summary>
internal sealed class ChangeTimes(TimeProvider time)
{
    private const int Kept = 4096;
    private readonly Lock _gate = new();
    private readonly (long Sequence, long Timestamp)[] _changes = new (long, long)[Kept];
    private long _count;

    public void Add(long sequence)
    {
        lock (_gate) _changes[_count++ % Kept] = (sequence, time.GetTimestamp());
    }

    /// <summary>How old the first change is that came after <paramref name="sequence"/>; null if it is forgotten or there is none.</summary>
    public TimeSpan? AgeAfter(long sequence)
    {
        lock (_gate)
        {
            var (low, high) = (Math.Max(0, _count - Kept), _count); // the first entry above the sequence number is in [low, high]
            var oldest = low;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_changes[middle % Kept].Sequence > sequence) high = middle;
                else low = middle + 1;
            }
            var isForgotten = low == oldest && oldest > 0;
            return low == _count || isForgotten ? null : time.GetElapsedTime(_changes[low % Kept].Timestamp);
        }
    }
}
