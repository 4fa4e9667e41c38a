namespace Ambient.HttpCases;

/// <summary>The cases of HTTP/2 in frames.</summary>
public static class CaseFrames
{
    private static readonly string[] Get = [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"];
    private static readonly string[] Post = [":method", "POST", .. Get[2..]];

    public static string OfRequest(MessageCase one, uint stream) => Of(one, stream, one.Lines[0] switch
    {
        "get" => Get,
        "post" => Post,
        "bare" => [],
        _ => throw new FormatException($"{one.Name} begins with '{one.Lines[0]}'."),
    });

    public static string OfResponse(MessageCase one, uint stream) => Of(one, stream, []);

    private static string Of(MessageCase one, uint stream, string[] first)
    {
        var (interim, fields, data, trailers) = ("", first.ToList(), new List<string>(), new List<string>());
        foreach (var line in one.Lines.Skip(1))
        {
            if (line.StartsWith("data ", StringComparison.Ordinal)) data.Add(line[5..]);
            else if (line.StartsWith("trailer ", StringComparison.Ordinal)) trailers.AddRange(line[8..].Split('|', 2));
            else if (line != "next") fields.AddRange(line.Split('|', 2));
            else
            {
                interim += Frames.Headers(stream, endStream: false, [.. fields]);
                fields.Clear();
            }
        }

        return interim
            + (fields.Count == 0 && data.Count > 0 ? "" : Frames.Headers(stream, endStream: data.Count + trailers.Count == 0, [.. fields]))
            + string.Concat(data.Select((text, at) => Frames.Data(stream, text, endStream: trailers.Count == 0 && at == data.Count - 1)))
            + (trailers.Count == 0 ? "" : Frames.Headers(stream, endStream: true, [.. trailers]));
    }
}
