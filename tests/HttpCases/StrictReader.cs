using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Ambient.HttpCases;

/// <summary>A message of HTTP/1.1 as the strictest reader sees it.</summary>
/// <param name="Start">The first line.</param>
/// <param name="Fields">As sent, values trimmed.</param>
/// <param name="Body">Decoded.</param>
public sealed record StrictMessage(string Start, IReadOnlyList<(string Name, string Value)> Fields, string Body, IReadOnlyList<(string Name, string Value)> Trailers)
{
    public string Method => Start.Split(' ')[0];

    public IEnumerable<string> All(string name) => Fields.Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(field => field.Value);
}

/// <param name="Rest">The beginning of a message that is not whole yet.</param>
/// <param name="Doubt">Why a second reader could see other messages than these; null if none could. Nothing behind it is read.</param>
public sealed record StrictReading(IReadOnlyList<StrictMessage> Messages, string Rest, string? Doubt);

/// <summary>Reads bytes by the letter of RFC 9112 and RFC 9110, without any of the leniencies these allow: whatever is not exactly so is in doubt.</summary>
/// <remarks>Written apart from what it judges, and for clarity alone. Text is Latin-1.</remarks>
public static partial class StrictReader
{
    private static readonly string[] NotInTrailers =
    [
        "content-length", "transfer-encoding", "host", "trailer", "te", "connection", "keep-alive", "upgrade", "expect", "authorization", "proxy-authorization",
        "cookie", "set-cookie", "content-type", "content-encoding", "content-range", "range", "cache-control", "max-forwards", "forwarded", "x-forwarded-for",
    ];

    /// <summary>Thrown where two readers could part.</summary>
    private sealed class DoubtException(string message) : Exception(message);

    /// <summary>Thrown where more bytes are needed.</summary>
    private sealed class PartException : Exception;

    public static StrictReading Requests(string bytes)
    {
        var messages = new List<StrictMessage>();
        return Read(messages, bytes, reader =>
        {
            var start = reader.Line();
            CheckRequestLine(start);
            var fields = reader.Fields();
            CheckHost(start, fields);
            if (Values(fields, "expect").Any(value => !value.Equals("100-continue", StringComparison.OrdinalIgnoreCase))) throw new DoubtException("an expectation that nobody knows");
            if (Values(fields, "upgrade").Any(value => !value.Equals("websocket", StringComparison.OrdinalIgnoreCase))) throw new DoubtException("another protocol is asked for");
            return reader.Body(start, fields, Framing(start.EndsWith("1.0", StringComparison.Ordinal), fields) ?? 0);
        });
    }

    /// <param name="methods">Of the requests that are answered.</param>
    /// <param name="ended">The connection has ended in good order behind the bytes.</param>
    public static StrictReading Responses(string bytes, IReadOnlyList<string> methods, bool ended)
    {
        var messages = new List<StrictMessage>();
        var answered = 0;
        return Read(messages, bytes, reader =>
        {
            if (answered == methods.Count) throw new DoubtException("a response that nobody asked for");
            var start = reader.Line();
            if (!StatusLine().IsMatch(start)) throw new DoubtException("not a status line");
            var status = int.Parse(start.AsSpan(9, 3), CultureInfo.InvariantCulture);
            var fields = reader.Fields();
            var length = Framing(start.StartsWith("HTTP/1.0", StringComparison.Ordinal), fields);
            if (status is < 200 or 204 && length is not null and not 0) throw new DoubtException("a body where none may be");
            var hasNone = status is < 200 or 204 or 304 || methods[answered] == "HEAD";
            if (status >= 200) answered++;
            if (hasNone) return new(start, fields, "", []);
            if (length is null && !ended) throw new PartException();
            return length is null ? new(start, fields, reader.Everything(), []) : reader.Body(start, fields, length.Value);
        });
    }

    private static StrictReading Read(List<StrictMessage> messages, string bytes, Func<Cursor, StrictMessage> next)
    {
        var cursor = new Cursor(bytes);
        var at = 0;
        try
        {
            for (; at < bytes.Length; at = cursor.At) messages.Add(next(cursor));
            return new(messages, "", null);
        }
        catch (PartException)
        {
            return new(messages, bytes[at..], null);
        }
        catch (DoubtException doubt)
        {
            return new(messages, bytes[at..], doubt.Message);
        }
    }

    private static IEnumerable<string> Values(IEnumerable<(string Name, string Value)> fields, string name) =>
        fields.Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(field => field.Value);

    private static void CheckRequestLine(string line)
    {
        var parts = RequestLine().Match(line);
        if (!parts.Success) throw new DoubtException("not a request line");
        var (method, target) = (parts.Groups[1].Value, parts.Groups[2].Value);
        var fits = method == "CONNECT" ? ConnectTarget().IsMatch(target) : target[0] == '/' || (target == "*" && method == "OPTIONS") || AbsoluteTarget().IsMatch(target);
        if (!fits) throw new DoubtException("a target of no known form");
    }

    private static void CheckHost(string line, IReadOnlyList<(string Name, string Value)> fields)
    {
        var hosts = Values(fields, "host").ToList();
        if (hosts.Count > 1) throw new DoubtException("several hosts");
        if (hosts.Count == 0 && line.EndsWith("1.1", StringComparison.Ordinal)) throw new DoubtException("no host");
        if (hosts.Count == 1 && !Authority().IsMatch(hosts[0])) throw new DoubtException("a host that is none");
        var target = line.Split(' ')[1];
        var named = AbsoluteTarget().Match(target) is { Success: true } absolute ? absolute.Groups[1].Value : line.StartsWith("CONNECT ", StringComparison.Ordinal) ? target : null;
        if (named is not null && !Authority().IsMatch(named)) throw new DoubtException("an authority that is none");
        if (named is not null && hosts.Count == 1 && !named.Equals(hosts[0], StringComparison.OrdinalIgnoreCase)) throw new DoubtException("target and host name different authorities");
    }

    /// <returns>Bytes of the body, -1 for chunks, null if nothing is said.</returns>
    private static long? Framing(bool isOld, IReadOnlyList<(string Name, string Value)> fields)
    {
        var lengths = Values(fields, "content-length").ToList();
        var codings = Values(fields, "transfer-encoding").ToList();
        if (lengths.Count + codings.Count > 1) throw new DoubtException("the body's end is told twice");
        if (codings.Count == 1 && isOld) throw new DoubtException("a transfer coding in HTTP/1.0");
        if (codings.Count == 1) return codings[0].Equals("chunked", StringComparison.OrdinalIgnoreCase) ? -1 : throw new DoubtException("a transfer coding other than chunked");
        if (lengths.Count == 0) return null;
        return Digits().IsMatch(lengths[0]) && long.TryParse(lengths[0], NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : throw new DoubtException("a length that is no number");
    }

    /// <summary>A place in the bytes.</summary>
    private sealed class Cursor(string bytes)
    {
        public int At { get; private set; }

        public string Line()
        {
            var end = bytes.IndexOfAny(['\r', '\n'], At);
            if (end < 0 || (bytes[end] == '\r' && end + 1 == bytes.Length)) throw new PartException();
            if (bytes[end] == '\n' || bytes[end + 1] != '\n') throw new DoubtException("a line that does not end in CR LF");
            var line = bytes[At..end];
            At = end + 2;
            return line;
        }

        public IReadOnlyList<(string Name, string Value)> Fields()
        {
            var fields = new List<(string, string)>();
            for (var line = Line(); line.Length > 0; line = Line())
            {
                var parts = FieldLine().Match(line);
                if (!parts.Success) throw new DoubtException("not a field line");
                fields.Add((parts.Groups[1].Value, parts.Groups[2].Value.Trim(' ', '\t')));
            }

            return fields;
        }

        public StrictMessage Body(string start, IReadOnlyList<(string Name, string Value)> fields, long length)
        {
            if (length >= 0) return new(start, fields, Take(length), []);
            var body = new StringBuilder();
            while (true)
            {
                var size = ChunkLine().Match(Line());
                if (!size.Success) throw new DoubtException("not a chunk's size");
                var count = long.Parse(size.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                if (count == 0) return new(start, fields, body.ToString(), Trailers());
                body.Append(Take(count));
                if (Line().Length > 0) throw new DoubtException("a chunk longer than it says");
            }
        }

        public string Everything() => Take(bytes.Length - At);

        private IReadOnlyList<(string Name, string Value)> Trailers()
        {
            var trailers = Fields();
            return trailers.Any(trailer => NotInTrailers.Contains(trailer.Name, StringComparer.OrdinalIgnoreCase))
                ? throw new DoubtException("a trailer that belongs into a head") : trailers;
        }

        private string Take(long count)
        {
            if (count > bytes.Length - At) throw new PartException();
            At += (int)count;
            return bytes[(At - (int)count)..At];
        }
    }

    private const string Token = @"[!#$%&'*+\-.^_`|~0-9A-Za-z]+";

    [GeneratedRegex($@"\A({Token}) ([\x21\x22\x24-\x7e]+) HTTP/1\.[01]\z", RegexOptions.CultureInvariant)]
    private static partial Regex RequestLine();

    [GeneratedRegex(@"\AHTTP/1\.[01] [1-5][0-9]{2}( [\t\x20-\x7e\x80-\xff]*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex StatusLine();

    [GeneratedRegex($@"\A({Token}):([\t\x20-\x7e\x80-\xff]*)\z", RegexOptions.CultureInvariant)]
    private static partial Regex FieldLine();

    [GeneratedRegex(@"\A(?:[hH][tT][tT][pP][sS]?)://([^/?]*)", RegexOptions.CultureInvariant)]
    private static partial Regex AbsoluteTarget();

    [GeneratedRegex(@"\A[^/?#@\s]+:[0-9]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex ConnectTarget();

    [GeneratedRegex(@"\A([-._~0-9A-Za-z]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Authority();

    [GeneratedRegex(@"\A[0-9]{1,19}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Digits();

    [GeneratedRegex(@"\A([0-9A-Fa-f]{1,15})(;[\t\x20-\x7e\x80-\xff]*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ChunkLine();
}
