using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Logging;

/// <summary>The filter in force, which can be changed while the process runs. Thread-safe.</summary>
public sealed class LogLevels
{
    private readonly LogFilter _initial;
    private volatile LogFilter _current;

    public LogLevels(LogFilter initial) => _current = _initial = initial;

    public LogFilter Current => _current;

    /// <exception cref="FormatException">The directives are wrong; nothing was changed.</exception>
    public void Append(string directives) => _current = _current.With(directives);

    /// <summary>Back to what the process was started with, then <paramref name="directives"/> if any.</summary>
    /// <exception cref="FormatException">The directives are wrong; nothing was changed.</exception>
    public void Reset(string directives = "") => _current = _initial.With(directives);

    /// <summary>One scope's gate.</summary>
    public ScopeLevel ForScope(string scope) => new(this, scope);
}

/// <summary>Tells whether a level is written for one scope; two reads and a comparison unless the filter has just changed. Thread-safe.</summary>
public sealed class ScopeLevel
{
    private sealed record Decision(LogFilter Filter, LogLevel Level);

    private readonly LogLevels _levels;
    private volatile Decision _decision;

    internal ScopeLevel(LogLevels levels, string scope)
    {
        (_levels, Scope) = (levels, scope);
        _decision = Decide(levels.Current);
    }

    public string Scope { get; }

    public bool IsEnabled(LogLevel level)
    {
        var decision = _decision;
        var filter = _levels.Current;
        if (!ReferenceEquals(decision.Filter, filter)) _decision = decision = Decide(filter);
        return level >= decision.Level && level != LogLevel.None;
    }

    private Decision Decide(LogFilter filter) => new(filter, filter.LevelOf(Scope));
}
