namespace Ambient.HttpCases;

/// <summary>What a client sends to make a proxy work, or hold something, for nothing.</summary>
/// <param name="Bytes">Sent at once on each connection, preface and all.</param>
/// <param name="Trickle">Sent again each second to keep the connection from its end; empty for a flood that is only sent.</param>
public sealed record Flood(string Name, string Bytes, string Trickle = "")
{
    private static readonly string[] Get = [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"];
    private static readonly string[] Post = [":method", "POST", .. Get[2..]];

    /// <summary>Over HTTP/2, and each more than a peer may ask of us: the connection ends with ENHANCE_YOUR_CALM.</summary>
    public static readonly IReadOnlyList<Flood> Excessive =
    [
        Http2("rapid reset (CVE-2023-44487)", string.Concat(Streams(20_000).Select(static id => Frames.Get(id) + Frames.Reset(id)))),
        Http2("faulty streams (CVE-2025-8671)", string.Concat(Streams(20_000).Select(static id => Frames.Get(id) + Frames.WindowUpdate(id, 0)))),
        Http2("continuation (CVE-2024-27316)", Frames.Of(1, 1, 1, Frames.Block(Get)) + Repeat(1000, Frames.Of(9, 0, 1, "x"))),
        Http2("empty continuation", Frames.Of(1, 1, 1, Frames.Block(Get)) + Repeat(1000, Frames.Of(9, 0, 1))),
        Http2("ping (CVE-2019-9512)", Repeat(20_000, Frames.Of(6, 0, 0, "01234567"))),
        Http2("settings (CVE-2019-9515)", Repeat(5000, Frames.Settings((3, 100)))),
        Http2("empty data (CVE-2019-9518)", Frames.Headers(1, false, Get) + Repeat(5000, Frames.Data(1, ""))),
        Http2("window updates (CVE-2019-9511)", Repeat(50_000, Frames.WindowUpdate(0, 1))),
        Http2("priority (CVE-2019-9513)", Repeat(20_000, Frames.Of(2, 0, 1, "\0\0\0\0\u0010"))),
        Http2("unknown frames", Repeat(20_000, Frames.Of(200, 0, 0, "x"))),
        Http2("header bomb (CVE-2016-6581)", string.Concat(Streams(100).Select(static id => Frames.Of(1, 5, id, Bomb)))),
    ];

    /// <summary>Each refused, but cheap to send again.</summary>
    public static readonly IReadOnlyList<Flood> Refused =
    [
        Http2("heads that are too large", string.Concat(Streams(20).Select(static id => Frames.Headers(id, true, [.. Get, "x", new string('y', 16_000)])))),
        new("HTTP/1.1 heads that are too large", $"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('y', 200_000)}\r\n\r\n"),
        new("what is no HTTP", Repeat(20_000, "\u0016\u0003\u0001 abc\n")),
        new("connections that ask nothing", ""),
    ];

    /// <summary>Each holds a connection and does nothing else with it.</summary>
    public static readonly IReadOnlyList<Flood> Holding =
    [
        new("slow heads", "GET / HTTP/1.1\r\nHost: a\r\n", "X: y\r\n"),
        new("slow bodies", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", "x"),
        Http2("slow streams", string.Concat(Streams(20).Select(static id => Frames.Headers(id, false, Post))), Frames.Data(1, "x")),
        new("responses that are not read", Frames.Preface + Frames.Settings((4, 0)) + string.Concat(Streams(100).Select(Frames.Get)), Frames.Of(6, 0, 0, "01234567")),
    ];

    public override string ToString() => Name;

    private static Flood Http2(string name, string frames, string trickle = "") => new(name, Frames.Preface + Frames.Settings() + frames, trickle);

    // The table gets one entry of 4,000 bytes, and the block names it thousands of times (RFC 7541 §6.1: index 62).
    private static string Bomb => Frames.Block(Get) + "\u0040\u0001x\u007f\u00a1\u001e" + new string('y', 4000) + new string('\u00be', 8000);

    private static IEnumerable<uint> Streams(int count) => Enumerable.Range(0, count).Select(static i => (uint)(2 * i + 1));

    private static string Repeat(int count, string frame) => string.Concat(Enumerable.Repeat(frame, count));
}
