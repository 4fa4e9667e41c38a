namespace Ambient.Ztunnel.LocalConfiguration;

/// <summary>One thing wrong in the file.</summary>
/// <param name="Line">1 is the first; 0 if it concerns the whole file.</param>
/// <param name="Key">Path of the value, such as <c>workloads[2].waypoint.destination</c>; empty for the whole file.</param>
internal sealed record Mistake(string File, long Line, string Key, string Message)
{
    public override string ToString() => Key.Length == 0 ? $"{File}:{Line}: {Message}" : $"{File}:{Line}: {Key}: {Message}";
}

/// <summary>Collects what is wrong, so that all of it is told at once.</summary>
internal sealed class Mistakes(string file)
{
    /// <summary>Nobody reads more than that.</summary>
    public const int Limit = 100;

    private readonly List<Mistake> _found = [];

    public IReadOnlyList<Mistake> Found => _found;

    public bool Any => _found.Count > 0;

    public void Add(long line, string key, string message)
    {
        if (_found.Count < Limit) _found.Add(new(file, line, key, message));
        else if (_found.Count == Limit) _found.Add(new(file, line, "", $"more than {Limit} mistakes; the others are not listed."));
    }
}
