using System.Buffers;
using System.Globalization;

namespace Ambient.Model.Routes;

/// <summary>What a part of a header's value stands for.</summary>
public enum FieldOperator : byte
{
    Text,

    /// <summary>A field of the request as it came, or <c>:method</c>, <c>:path</c>, <c>:authority</c>, <c>:scheme</c>.</summary>
    RequestField,

    /// <summary>A field of the server's response.</summary>
    ResponseField,
    ResponseCode,
    Protocol,
    ClientAddress,
    ClientAddressAndPort,
    PeerAddress,
    PeerAddressAndPort,
    LocalAddress,
    LocalAddressAndPort,
    LocalPort,
    ClientIdentity,
    OwnIdentity,
    HostName,
    RouteName,

    /// <summary>When the request came, UTC, in .NET's words.</summary>
    StartTime,

    /// <summary>The same in whole seconds since 1970.</summary>
    StartSeconds,

    /// <summary>The same: digits behind its seconds, as many as the text says.</summary>
    StartFraction,
}

/// <param name="Text">As it stands, a name, or a format of time.</param>
/// <param name="Else">Another field, where the first is not there; else empty.</param>
/// <param name="MostBytes">What is longer is cut; 0 for no limit.</param>
public sealed record FieldPart(FieldOperator Operator, string Text, string Else = "", int MostBytes = 0)
{
    public bool IsOfResponse => Operator is FieldOperator.ResponseField or FieldOperator.ResponseCode;
}

/// <summary>Values of headers with operators (<c>%REQ(x)%</c>), as Envoy writes them. Pure.</summary>
public static class FieldFormat
{
    private const int MostParts = 64, Longest = 4096;

    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

    private static readonly Dictionary<string, FieldOperator> Plain = new()
    {
        ["RESPONSE_CODE"] = FieldOperator.ResponseCode,
        ["PROTOCOL"] = FieldOperator.Protocol,
        ["DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"] = FieldOperator.ClientAddress,
        ["DOWNSTREAM_REMOTE_ADDRESS"] = FieldOperator.ClientAddressAndPort,
        ["DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT"] = FieldOperator.PeerAddress,
        ["DOWNSTREAM_DIRECT_REMOTE_ADDRESS"] = FieldOperator.PeerAddressAndPort,
        ["DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT"] = FieldOperator.LocalAddress,
        ["DOWNSTREAM_LOCAL_ADDRESS"] = FieldOperator.LocalAddressAndPort,
        ["DOWNSTREAM_LOCAL_PORT"] = FieldOperator.LocalPort,
        ["DOWNSTREAM_PEER_URI_SAN"] = FieldOperator.ClientIdentity,
        ["DOWNSTREAM_LOCAL_URI_SAN"] = FieldOperator.OwnIdentity,
        ["HOSTNAME"] = FieldOperator.HostName,
        ["ROUTE_NAME"] = FieldOperator.RouteName,
    };

    // By the letter behind the percent sign, in .NET's words; two letters at least, since one alone would mean a format of its own.
    private static readonly Dictionary<char, string> Times = new()
    {
        ['Y'] = "yyyy", ['m'] = "MM", ['d'] = "dd", ['H'] = "HH", ['M'] = "mm", ['S'] = "ss", ['F'] = "yyyy-MM-dd", ['T'] = "HH:mm:ss",
    };

    /// <returns>In order; texts stand with their <c>%%</c> as one.</returns>
    /// <exception cref="ArgumentException">It says which operator is not supported, that there is none, or that there is too much.</exception>
    public static EquatableArray<FieldPart> Parse(string value)
    {
        if (value.Length > Longest) throw new ArgumentException($"A value has {value.Length} characters; at most {Longest} are taken.");
        var parts = new List<FieldPart>();
        for (var rest = value.AsSpan(); rest.Length > 0;)
        {
            if (rest.StartsWith("%%"))
            {
                AddText(parts, "%");
                rest = rest[2..];
                continue;
            }

            var sign = rest.IndexOf('%');
            if (sign != 0) AddText(parts, (sign < 0 ? rest : rest[..sign]).ToString());
            rest = sign switch { < 0 => [], 0 => rest[AddOperator(parts, rest)..], _ => rest[sign..] };
        }

        return parts.Count <= MostParts ? parts.ToEquatableArray() : throw new ArgumentException($"A value has {parts.Count} parts; at most {MostParts} are taken.");
    }

    /// <returns>How long it is.</returns>
    private static int AddOperator(List<FieldPart> parts, ReadOnlySpan<char> text)
    {
        var end = 1 + text[1..].IndexOfAnyExcept(Letters) is var found and > 0 ? found : text.Length;
        var name = text[1..end].ToString();
        string? argument = null;
        if (end < text.Length && text[end] == '(')
        {
            var close = text.IndexOf(')');
            if (close < 0) throw Wrong(text);
            argument = text[(end + 1)..close].ToString();
            end = close + 1;
        }

        var mostBytes = 0;
        if (end < text.Length && text[end] == ':')
        {
            var digits = text[(end + 1)..];
            digits = digits[..Math.Max(0, digits.IndexOf('%'))];
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out mostBytes) || mostBytes == 0) throw Wrong(text);
            end += 1 + digits.Length;
        }

        if (name.Length == 0 || end >= text.Length || text[end] != '%') throw Wrong(text);
        Add(parts, name, argument, mostBytes);
        return end + 1;
    }

    private static void Add(List<FieldPart> parts, string name, string? argument, int mostBytes)
    {
        if (name is "REQ" or "RESP" && argument is not null) parts.Add(Field(name, argument, mostBytes));
        else if (name == "START_TIME" && mostBytes == 0) AddTime(parts, argument ?? "%Y-%m-%dT%H:%M:%S.%3fZ");
        else if (argument is null && mostBytes == 0 && Plain.TryGetValue(name, out var known)) parts.Add(new(known, ""));
        else throw new ArgumentException($"The operator %{name}{(argument is null ? "" : $"({argument})")}{(mostBytes == 0 ? "" : $":{mostBytes}")}% is not supported.");
    }

    private static FieldPart Field(string name, string argument, int mostBytes)
    {
        var mark = argument.IndexOf('?');
        var (first, other) = mark < 0 ? (argument, "") : (argument[..mark], argument[(mark + 1)..]);
        if (name == "REQ") (first, other) = (NameOf(first), NameOf(other));
        return IsField(name, first) && (mark < 0 || IsField(name, other))
            ? new(name == "REQ" ? FieldOperator.RequestField : FieldOperator.ResponseField, first.ToLowerInvariant(), other.ToLowerInvariant(), mostBytes)
            : throw new ArgumentException($"The operator %{name}({argument})% names no header.");
    }

    // HTTP/2 has no such field.
    private static string NameOf(string field) => field.Equals("host", StringComparison.OrdinalIgnoreCase) ? ":authority" : field;

    private static bool IsField(string name, string field) => field.StartsWith(':')
        ? name == "REQ" && field.ToLowerInvariant() is ":method" or ":path" or ":authority" or ":scheme"
        : field.Length is > 0 and <= 256 && !field.AsSpan().ContainsAny(" \t,;:()\"") && !field.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static void AddTime(List<FieldPart> parts, string format)
    {
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                AddText(parts, format[at].ToString());
                continue;
            }

            var letter = ++at < format.Length ? format[at] : ' ';
            if (letter == '%') AddText(parts, "%");
            else if (letter == 's') parts.Add(new(FieldOperator.StartSeconds, ""));
            else if (letter == 'f') parts.Add(new(FieldOperator.StartFraction, "9"));
            else if (letter is >= '1' and <= '9' && at + 1 < format.Length && format[at + 1] == 'f') parts.Add(new(FieldOperator.StartFraction, format[at++].ToString()));
            else if (Times.TryGetValue(letter, out var known)) parts.Add(new(FieldOperator.StartTime, known));
            else throw new ArgumentException($"The operator %START_TIME({format})% is not supported: of its format, %{letter} is not known.");
        }
    }

    private static void AddText(List<FieldPart> parts, string text)
    {
        if (parts is [.., { Operator: FieldOperator.Text } last]) parts[^1] = last with { Text = last.Text + text };
        else parts.Add(new(FieldOperator.Text, text));
    }

    private static ArgumentException Wrong(ReadOnlySpan<char> text) =>
        new($"'{(text.Length > 80 ? $"{text[..80]}…" : text)}' begins with no operator; a percent sign is written %%.");
}
