using System.Globalization;
using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>A request or a response in the words of neither protocol.</summary>
/// <param name="Start">Method and path, or status.</param>
/// <param name="Fields">"name: value", in order.</param>
/// <param name="KnowsLength">The head announces the body's length; there are no trailers then.</param>
public sealed record Spoken(string Start, string[] Fields, string Body, bool KnowsLength, string[] Trailers)
{
    public override string ToString() =>
        $"{Start}\n{string.Join('\n', Fields)}\n\n{Body}\n{string.Join('\n', Trailers)}";
}

/// <summary>Says messages on a connection, cut in pieces of its choosing, and hears others.</summary>
internal interface ISpeaker
{
    Task SayAsync(Spoken message, int cut);

    Task<Spoken> HearAsync();
}

/// <summary>One end of a connection of HTTP/1.1.</summary>
internal sealed class Http1Speaker(Wire wire, bool isClient) : ISpeaker
{
    public async Task SayAsync(Spoken message, int cut)
    {
        var head = (isClient ? $"{message.Start} HTTP/1.1\r\nHost: a\r\n" : $"HTTP/1.1 {message.Start} x\r\n") + string.Concat(message.Fields.Select(field => field + "\r\n"));
        var text = message.KnowsLength ? $"{head}Content-Length: {message.Body.Length}\r\n\r\n{message.Body}"
            : $"{head}Transfer-Encoding: chunked\r\n\r\n{(message.Body.Length > 0 ? $"{message.Body.Length:x}\r\n{message.Body}\r\n" : "")}0\r\n{string.Concat(message.Trailers.Select(field => field + "\r\n"))}\r\n";
        for (var at = 0; at < text.Length; at += cut) await wire.SendAsync(text.Substring(at, Math.Min(cut, text.Length - at)));
    }

    public async Task<Spoken> HearAsync()
    {
        var lines = (await wire.ReadHeadAsync()).TrimEnd().Split("\r\n");
        var start = isClient ? lines[0].Split(' ')[1] : lines[0].Replace(" HTTP/1.1", "", StringComparison.Ordinal);
        var fields = lines[1..].Select(Lower).Where(line => !line.StartsWith("host: ", StringComparison.Ordinal)).ToList();
        if (fields.RemoveAll(field => field == "transfer-encoding: chunked") > 0)
        {
            var body = "";
            while (Convert.ToInt32((await wire.ReadToAsync("\r\n")).Trim(), 16) is var size and > 0) body += (await wire.ReadAsync(size + 2))[..^2];
            var trailers = new List<string>();
            while (await wire.ReadToAsync("\r\n") is var line and not "\r\n") trailers.Add(Lower(line.TrimEnd()));
            return new(start, [.. fields], body, false, [.. trailers]);
        }

        var length = fields.FirstOrDefault(field => field.StartsWith("content-length: ", StringComparison.Ordinal))?["content-length: ".Length..];
        fields.RemoveAll(field => field.StartsWith("content-length: ", StringComparison.Ordinal));
        return new(start, [.. fields], await wire.ReadAsync(int.Parse(length ?? "0", CultureInfo.InvariantCulture)), true, []);
    }

    private static string Lower(string line) => line[..line.IndexOf(':', StringComparison.Ordinal)].ToLowerInvariant() + line[line.IndexOf(':', StringComparison.Ordinal)..];
}

/// <summary>One end of a connection of HTTP/2.</summary>
internal sealed class Http2Speaker(Http2Wire wire, bool isClient) : ISpeaker
{
    private Http2WireStream _stream = null!;

    public async Task SayAsync(Spoken message, int cut)
    {
        wire.Cut = cut;
        var words = message.Start.Split(' ');
        string[] start = isClient ? [":method", words[0], ":scheme", "http", ":authority", "a", ":path", words[1]] : [":status", words[0]];
        string[] head = [.. start, .. Pairs(message.Fields), .. message.KnowsLength ? new[] { "content-length", $"{message.Body.Length}" } : []];
        if (isClient) _stream = wire.Open(endStream: false, head);
        else _stream.SendHead(false, head);
        await _stream.SendAsync(message.Body, endStream: message.Trailers.Length == 0);
        if (message.Trailers.Length > 0) _stream.SendHead(true, Pairs(message.Trailers));
    }

    public async Task<Spoken> HearAsync()
    {
        if (!isClient) _stream = await wire.AcceptAsync();
        var head = await _stream.HeadAsync();
        var start = string.Join(' ', head.Where(line => line.StartsWith(":method", StringComparison.Ordinal) || line.StartsWith(":path", StringComparison.Ordinal)
            || line.StartsWith(":status", StringComparison.Ordinal)).Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]));
        var knowsLength = head.Any(line => line.StartsWith("content-length", StringComparison.Ordinal));
        return new(start, [.. head.Where(line => line[0] != ':' && !line.StartsWith("content-length", StringComparison.Ordinal))], await _stream.BodyAsync(), knowsLength, _stream.Trailers ?? []);
    }

    private static string[] Pairs(string[] fields) => [.. fields.SelectMany(field => field.Split(": ", 2))];
}
