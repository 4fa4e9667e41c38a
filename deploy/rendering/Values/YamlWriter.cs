using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Ambient.Deploy.Values;

/// <summary>Writes values as YAML in block style, the way <c>toYaml</c> does: keys in order, lists at the depth of their key.</summary>
internal static partial class YamlWriter
{
    public static string Write(object? value)
    {
        var text = new StringBuilder();
        Write(text, value, 0);
        return text.ToString().TrimEnd('\n').TrimStart();
    }

    private static void Write(StringBuilder text, object? value, int depth)
    {
        switch (value)
        {
            case ValueMap { Count: > 0 } map:
                foreach (var (key, inner) in map) WriteEntry(text, Margin(depth) + Scalar(key) + ":", inner, depth);
                break;
            case List<object?> { Count: > 0 } list:
                foreach (var item in list) WriteItem(text, item, depth);
                break;
            default:
                text.Append(' ').Append(Scalar(value)).Append('\n');
                break;
        }
    }

    private static void WriteEntry(StringBuilder text, string head, object? value, int depth)
    {
        text.Append(head);
        if (IsBlock(value)) text.Append('\n');
        Write(text, value, value is ValueMap ? depth + 1 : depth);
    }

    // The first line of an item stands behind its dash.
    private static void WriteItem(StringBuilder text, object? item, int depth)
    {
        var inner = new StringBuilder();
        Write(inner, item, depth + 1);
        text.Append(Margin(depth)).Append("- ").Append(inner.ToString().TrimStart());
    }

    private static bool IsBlock(object? value) => value is ValueMap { Count: > 0 } or List<object?> { Count: > 0 };

    private static string Scalar(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text when IsPlain(text) => text,
        string text => $"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")}\"",
        ValueMap => "{}",
        List<object?> => "[]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    // Whatever could be read as something else is quoted.
    private static bool IsPlain(string text) => PlainText().IsMatch(text) &&
        text.ToLowerInvariant() is not ("yes" or "no" or "on" or "off" or "y" or "n" or "true" or "false" or "null");

    private static string Margin(int depth) => new(' ', 2 * depth);

    // Words and paths, and quantities such as 64Mi.
    [GeneratedRegex(@"^(?:[A-Za-z/][A-Za-z0-9/._-]*|\d+[A-Za-z]+)$")]
    private static partial Regex PlainText();
}
