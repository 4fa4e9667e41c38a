namespace Ambient.HttpProxy.Resilience;

/// <summary>How fast one worker answers what is no request that could be read: a hundred a second at once, and those beyond after a pause.</summary>
/// <remarks>Who is refused at once comes back at once. A client that has made a mistake does not; who floods is slowed down to one try a second for each connection. On the loop only.</remarks>
internal sealed class RefusalPace(TimeProvider time)
{
    /// <summary>Answered at once, at the beginning and in each second.</summary>
    public const int Prompt = 100;

    /// <summary>At the same time: each holds a descriptor.</summary>
    public const int MostPaused = 1000;

    private double _tokens = Prompt;
    private long _filledAt = time.GetTimestamp();

    /// <summary>Waiting for their answer now.</summary>
    public int Paused { get; private set; }

    /// <returns>False if the answer may leave at once; else <see cref="EndPause"/> is to follow.</returns>
    public bool BeginPause()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(Prompt, _tokens + time.GetElapsedTime(_filledAt, now).TotalSeconds * Prompt);
        _filledAt = now;
        if (_tokens >= 1)
        {
            _tokens--;
            return false;
        }

        if (Paused == MostPaused) return false;
        Paused++;
        return true;
    }

    public void EndPause() => Paused--;
}
