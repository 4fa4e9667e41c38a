using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Logging;

/// <summary>Which levels are written, by scope: <c>info,access=off,ztunnel::pods=debug</c>. Immutable.</summary>
/// <remarks>A directive covers every scope that begins with its text; the longest that does decides. Level names: error, warn, info, debug, trace, off.</remarks>
public sealed class LogFilter
{
    private const string Allowed = "'level' or 'scope=level', parted by commas, with the levels error, warn, info, debug, trace, off";

    private readonly LogLevel _default;
    private readonly Directive[] _directives; // longest scope first

    private LogFilter(LogLevel level, Directive[] directives) => (_default, _directives) = (level, directives);

    private sealed record Directive(string Scope, LogLevel Level);

    public static readonly LogFilter Info = new(LogLevel.Information, []);

    /// <exception cref="FormatException">Names the directive that is wrong and what is allowed.</exception>
    public static LogFilter Parse(string directives) => Info.With(directives);

    /// <summary>These directives over the present ones: later ones win.</summary>
    /// <exception cref="FormatException">Names the directive that is wrong and what is allowed.</exception>
    public LogFilter With(string directives)
    {
        var level = _default;
        var all = new List<Directive>(_directives);
        foreach (var text in directives.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = text.IndexOf('=');
            if (equals < 0) level = ReadLevel(text, text);
            else Put(all, new(ReadScope(text, equals), ReadLevel(text[(equals + 1)..], text)));
        }

        all.Sort(static (one, other) => one.Scope.Length != other.Scope.Length
            ? other.Scope.Length - one.Scope.Length
            : string.CompareOrdinal(one.Scope, other.Scope));
        return new(level, [.. all]);
    }

    /// <summary>The least severe level that is written for this scope.</summary>
    public LogLevel LevelOf(string scope)
    {
        foreach (var directive in _directives)
            if (scope.StartsWith(directive.Scope, StringComparison.Ordinal)) return directive.Level;
        return _default;
    }

    /// <summary>In the form that <see cref="Parse"/> reads.</summary>
    public override string ToString() =>
        string.Join(',', Enumerable.Reverse(_directives).Select(static directive => $"{directive.Scope}={NameOf(directive.Level)}").Prepend(NameOf(_default)));

    internal static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error or LogLevel.Critical => "error",
        _ => "off",
    };

    private static void Put(List<Directive> directives, Directive directive)
    {
        directives.RemoveAll(known => known.Scope == directive.Scope);
        directives.Add(directive);
    }

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
