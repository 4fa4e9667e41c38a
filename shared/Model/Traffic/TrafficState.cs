namespace Ambient.Model.Traffic;

/// <summary>What this process knows of the users' wishes for requests. One writer at a time changes it; readers hold a snapshot.</summary>
public sealed class TrafficState
{
    private readonly Lock _writing = new();
    private volatile TrafficSnapshot _current = TrafficSnapshot.Empty;

    /// <summary>The latest consistent view; what you hold never changes.</summary>
    public TrafficSnapshot Current => _current;

    /// <summary>Applies all of <paramref name="delta"/> at once. Thread-safe; writers wait for each other.</summary>
    public void Apply(TrafficDelta delta)
    {
        lock (_writing) _current = _current.With(delta);
    }
}
