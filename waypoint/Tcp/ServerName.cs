using Ambient.Hbone.Tunnels;
using Ambient.Tls.Handshake;

namespace Ambient.Waypoint.Tcp;

/// <summary>The name that a client of TLS asks for, which chooses between routes. Its bytes stay where they are.</summary>
internal static class ServerName
{
    private static readonly TimeSpan ClientFirst = TimeSpan.FromMilliseconds(200), Limit = TimeSpan.FromSeconds(10); // of TLS the client begins; as long as a handshake may take

    /// <summary>On the stream's loop.</summary>
    /// <returns>Empty if none is asked for, or TLS is not spoken, or the server has spoken first; null if the client did not say in time, or left.</returns>
    public static async ValueTask<string?> FindAsync(HboneStream stream, TcpConnection connection)
    {
        await FirstWords.HearAsync(stream, connection, ClientFirst);
        if (connection.Upstream is not null && !stream.HoldsBytes) return "";
        var isOver = false;
        var limit = stream.Loop.StartTimer(Limit, _ =>
        {
            isOver = true;
            stream.EndReadWait();
        }, null);
        var name = TryLook(stream);
        for (var more = true; name is null && more && !isOver; name = TryLook(stream)) more = await stream.WaitForMoreAsync();
        limit.Cancel();
        return name;
    }

    /// <returns>Null if more bytes are needed.</returns>
    private static string? TryLook(HboneStream stream)
    {
        Span<byte> bytes = stackalloc byte[ClientHello.Longest];
        var length = 0;
        foreach (var piece in stream.Held)
        {
            var part = piece.Span[..Math.Min(piece.Span.Length, bytes.Length - length)];
            part.CopyTo(bytes[length..]);
            length += part.Length;
        }

        return ClientHello.Read(bytes[..length], out var name) == HelloStatus.Incomplete ? null : name;
    }
}
