using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Http1.Tests;

/// <summary>Bytes that look like requests often enough to get deep into the parser, and wrong in many ways.</summary>
internal static class Messages
{
    private static readonly string[] Pieces =
    [
        "GET", "POST", "CONNECT", "OPTIONS", " ", "  ", "/", "/path?q=1", "*", "http://a/", "a:80", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0",
        "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n\r\n", "Host: a", "Host: b:1", "Host:", "Content-Length: 3", "Content-Length: 0",
        "Transfer-Encoding: chunked", "Connection: close", "Expect: 100-continue", "X", ":", "\t", "\0", "\u00ff", "abc",
        "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "0\r\n\r\n", "3\r\nabc\r\n", "3;x=y\r\nabc\r\n", "5\r\nab", "ffffffffffffffff\r\n", "T: v\r\n", "Content-Length: 9\r\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];

    public static Arbitrary<byte[]> Likely { get; } = Gen.Elements(Pieces).ListOf()
        .Select(pieces => Encoding.Latin1.GetBytes(string.Concat(pieces)))
        .ToArbitrary();

    private static readonly string[] AnswerPieces =
    [
        "HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 204 N\r\n", "HTTP/1.1 100 C\r\n", "HTTP/1.1 ", "200", " ", "\r\n", "\r\n", "\r\n", "\n", "\r",
        "Content-Length: 3\r\n", "Content-Length: x\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "A: b\r\n", ":", "\0", "\u00ff",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];

    public static Arbitrary<byte[]> LikelyAnswers { get; } = Gen.Elements(AnswerPieces).ListOf()
        .Select(pieces => Encoding.Latin1.GetBytes(string.Concat(pieces)))
        .ToArbitrary();

    /// <summary>Where to cut: pieces of one to a few bytes.</summary>
    public static IEnumerable<byte[]> Cut(byte[] bytes, int seed)
    {
        var random = new System.Random(seed);
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - at, random.Next(1, 7));
            yield return bytes[at..(at + length)];
            at += length;
        }
    }
}
