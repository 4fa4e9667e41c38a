using System.Globalization;

namespace Ambient.Hosting.Options;

/// <summary>Reads typed settings out of the environment and remembers every mistake instead of stopping at the first.</summary>
/// <remarks>An empty value counts as not set, except for <see cref="RawText"/>: charts set what they leave open to the empty string.</remarks>
public sealed class SettingsReader(IReadOnlyDictionary<string, string> environment)
{
    private const int LongestValueShown = 200;

    private readonly List<OptionMistake> _mistakes = [];

    public IReadOnlyList<OptionMistake> Mistakes => _mistakes;

    /// <summary>As set, also when empty; null if not set.</summary>
    public string? RawText(string name) => environment.GetValueOrDefault(name);

    public string? Text(string name) => RawText(name) is { Length: > 0 } text ? text : null;

    public string Text(string name, string fallback) => Text(name) ?? fallback;

    public bool Bool(string name, bool fallback) => OptionalBool(name) ?? fallback;

    public bool? OptionalBool(string name)
    {
        switch (Text(name))
        {
            case null: return null;
            case "true": return true;
            case "false": return false;
            case var other:
                Mistake(name, other, "allowed are true and false");
                return null;
        }
    }

    public int Int(string name, int fallback, int min, int max)
    {
        if (Text(name) is not { } text) return fallback;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max) return value;

        Mistake(name, text, $"allowed are whole numbers from {min} to {max} (default {fallback})");
        return fallback;
    }

    public TimeSpan Duration(string name, TimeSpan fallback, TimeSpan min, TimeSpan max) => OptionalDuration(name, min, max) ?? fallback;

    public TimeSpan? OptionalDuration(string name, TimeSpan min, TimeSpan max)
    {
        if (Text(name) is not { } text) return null;
        if (DurationText.TryParse(text, out var value) && value >= min && value <= max) return value;

        Mistake(name, text, $"allowed are durations such as 500ms, 10s or 1h30m, from {DurationText.Format(min)} to {DurationText.Format(max)}");
        return null;
    }

    /// <param name="choices">Spelled exactly; the first is the default.</param>
    public T Choice<T>(string name, params ReadOnlySpan<(string Text, T Value)> choices)
    {
        if (Text(name) is not { } text) return choices[0].Value;
        foreach (var choice in choices)
            if (choice.Text == text) return choice.Value;

        var allowed = new List<string>();
        foreach (var choice in choices) allowed.Add(choice.Text);
        Mistake(name, text, $"allowed are {string.Join(", ", allowed)} (default {choices[0].Text})");
        return choices[0].Value;
    }

    /// <summary>All variables that begin with <paramref name="prefix"/>, by the rest of their names.</summary>
    public Dictionary<string, string> StartingWith(string prefix) => environment
        .Where(variable => variable.Key.StartsWith(prefix, StringComparison.Ordinal) && variable.Key.Length > prefix.Length)
        .ToDictionary(variable => variable.Key[prefix.Length..], variable => variable.Value);

    /// <param name="value">Null for what is missing and for secrets, which are never shown.</param>
    public void Mistake(string name, string? value, string allowed) =>
        _mistakes.Add(new(name, value?.Length > LongestValueShown ? value[..LongestValueShown] + "…" : value, allowed));
}
