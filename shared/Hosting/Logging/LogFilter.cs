using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Logging;

/// <summary>Which levels are written, by scope: <c>info,access=off,ztunnel::pods=debug</c>. Immutable.</summary>
/// <remarks>A directive covers every scope that begins with its text; the longest that does decides. Level names: error, warn, info, debug, trace, off.</remarks>
public sealed class LogFilter
{
    private const string Allowed = "'level' or 'scope=level', parted by commas, with the levels error, warn, info, debug, trace, off";

    private readonly LogLevel _default;
    private readonly (string Scope, LogLevel Level)[] _directives; // longest first

    private LogFilter(LogLevel level, (string Scope, LogLevel Level)[] directives) => (_default, _directives) = (level, directives);

    public static readonly LogFilter Info = new(LogLevel.Information, []);

    /// <exception cref="FormatException">Names the directive that is wrong and what is allowed.</exception>
    public static LogFilter Parse(string text) => Info.With(text);

    /// <summary>These directives over the present ones: later ones win.</summary>
    /// <exception cref="FormatException">Names the directive that is wrong and what is allowed.</exception>
    public LogFilter With(string text)
    {
        var level = _default;
        var directives = _directives.ToDictionary(d => d.Scope, d => d.Level);
        foreach (var directive in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = directive.IndexOf('=');
            if (equals < 0) level = ReadLevel(directive, directive);
            else directives[ReadScope(directive, equals)] = ReadLevel(directive[(equals + 1)..], directive);
        }

        return new(level, [.. directives.Select(d => (d.Key, d.Value)).OrderByDescending(d => d.Key.Length).ThenBy(d => d.Key)]);
    }

    /// <summary>The least severe level that is written for this scope.</summary>
    public LogLevel LevelOf(string scope)
    {
        foreach (var (prefix, level) in _directives)
            if (scope.StartsWith(prefix, StringComparison.Ordinal)) return level;
        return _default;
    }

    /// <summary>In the form that <see cref="Parse"/> reads.</summary>
    public override string ToString() =>
        string.Join(',', Enumerable.Reverse(_directives).Select(d => $"{d.Scope}={NameOf(d.Level)}").Prepend(NameOf(_default)));

    internal static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error or LogLevel.Critical => "error",
        _ => "off",
    };

    private static string ReadScope(string directive, int equals) =>
        equals > 0 && !directive.AsSpan(0, equals).ContainsAny("[]{}")
            ? directive[..equals].TrimEnd()
            : throw new FormatException($"'{directive}' is not a log directive; allowed are {Allowed}.");

    private static LogLevel ReadLevel(string name, string directive) => name.Trim().ToLowerInvariant() switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" or "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "off" => LogLevel.None,
        _ => throw new FormatException($"'{directive}' is not a log directive; allowed are {Allowed}."),
    };
}
