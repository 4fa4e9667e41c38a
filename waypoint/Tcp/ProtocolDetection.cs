using System.Text;
using Ambient.Hbone.Tunnels;

namespace Ambient.Waypoint.Tcp;

/// <summary>Tells whether a connection to a port that nobody has declared speaks HTTP, without keeping a server waiting that speaks first.</summary>
/// <remarks>
/// A client that speaks at once is told by its first bytes. For one that does not, the server is dialled as for any TCP connection, and
/// whoever speaks first decides. Nothing is taken out of the client's stream.
/// </remarks>
internal static class ProtocolDetection
{
    private static readonly TimeSpan ClientFirst = TimeSpan.FromMilliseconds(20), Pause = TimeSpan.FromMilliseconds(2);
    private const int MaxPauses = 100; // for a method that comes in pieces

    private static readonly byte[][] Beginnings =
    [
        .. new[] { "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "TRACE ", "PATCH ", "CONNECT ", "PRI * HTTP/2" }.Select(Encoding.ASCII.GetBytes),
    ];

    /// <summary>On the stream's loop.</summary>
    public static async ValueTask<bool> IsHttpAsync(HboneStream stream, TcpConnection connection)
    {
        await FirstWords.HearAsync(stream, connection, ClientFirst);
        return stream.HoldsBytes && await JudgeAsync(stream);
    }

    private static async ValueTask<bool> JudgeAsync(HboneStream stream)
    {
        for (var pause = 0; pause < MaxPauses; pause++)
        {
            if (Judge(stream.Held[0].Span) is { } isHttp) return isHttp;
            await stream.Loop.DelayAsync(Pause);
        }

        return false;
    }

    /// <returns>Null if more bytes are needed.</returns>
    internal static bool? Judge(ReadOnlySpan<byte> bytes)
    {
        var mayBe = false;
        foreach (var beginning in Beginnings)
        {
            if (bytes.StartsWith(beginning)) return true;
            mayBe |= beginning.AsSpan().StartsWith(bytes);
        }

        return mayBe ? null : false;
    }
}
