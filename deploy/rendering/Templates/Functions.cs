using System.Globalization;
using Ambient.Deploy.Values;

namespace Ambient.Deploy.Templates;

/// <summary>The functions that charts may call; each does what Helm's of the same name does.</summary>
internal static class Functions
{
    private const double MostPrinted = 1e6;

    private static readonly Dictionary<string, Func<object?[], object?>> All = new(StringComparer.Ordinal)
    {
        ["default"] = static given => IsTrue(given[1]) ? given[1] : given[0],
        ["quote"] = static given => $"\"{Print(given[0]).Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")}\"",
        ["toYaml"] = static given => YamlWriter.Write(given[0]),
        ["indent"] = static given => Indent((long)given[0]!, Print(given[1])),
        ["nindent"] = static given => "\n" + Indent((long)given[0]!, Print(given[1])),
        ["int"] = static given => (long)(double)given[0]!,
        ["eq"] = static given => given[1..].Any(other => AreEqual(given[0], other)),
        ["ne"] = static given => !AreEqual(given[0], given[1]),
        ["not"] = static given => !IsTrue(given[0]),
        ["and"] = static given => given.FirstOrDefault(value => !IsTrue(value), given[^1]),
        ["or"] = static given => given.FirstOrDefault(IsTrue, given[^1]),
    };

    /// <exception cref="FormatException">No such function, or the wrong arguments.</exception>
    public static object? Run(string name, object?[] arguments)
    {
        if (!All.TryGetValue(name, out var function)) throw new FormatException($"there is no function '{name}' in the subset: {string.Join(", ", All.Keys.Append("include").Order())}");
        try { return function(arguments); }
        catch (Exception error) when (error is IndexOutOfRangeException or InvalidCastException or NullReferenceException)
        {
            throw new FormatException($"'{name}' does not take these {arguments.Length} arguments", error);
        }
    }

    /// <summary>What is there and neither false, zero nor empty.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or false or 0L or 0.0 or "" => false,
        ICollection<object?> list => list.Count > 0,
        ICollection<KeyValuePair<string, object?>> map => map.Count > 0,
        _ => true,
    };

    /// <exception cref="FormatException">A list or map, which only toYaml can print.</exception>
    public static string Print(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        double and (>= MostPrinted or <= -MostPrinted) => throw new FormatException($"Helm would print the number {value:F0} with an exponent; write it as text in the values"),
        string or long or double => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => throw new FormatException("a list or map is printed as text; use toYaml"),
    };

    private static bool AreEqual(object? a, object? b) => (a, b) is (double, long) or (long, double)
        ? throw new FormatException("a number of the values and a literal are of different types; use int")
        : Equals(a, b);

    private static string Indent(long columns, string text)
    {
        var margin = new string(' ', (int)columns);
        return margin + text.Replace("\n", "\n" + margin, StringComparison.Ordinal);
    }
}
