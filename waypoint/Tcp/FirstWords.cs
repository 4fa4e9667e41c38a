using Ambient.Hbone.Tunnels;
using Ambient.Transport;

namespace Ambient.Waypoint.Tcp;

/// <summary>Lets whoever speaks first on a connection decide what it is, so that no server is kept waiting that begins. Nothing is taken out of the client's stream.</summary>
internal static class FirstWords
{
    /// <summary>Completes when the client has said something, or the server that would be asked if it says nothing, or when either has ended. On the stream's loop.</summary>
    /// <param name="alone">So long the client has the word, before that server is dialled.</param>
    public static async ValueTask HearAsync(HboneStream stream, TcpConnection connection, TimeSpan alone)
    {
        if (stream.MayReceive) return;
        var timer = stream.Loop.StartTimer(alone, static stream => ((HboneStream)stream!).EndReadWait(), stream);
        await stream.WaitReadableAsync();
        timer.Cancel();
        if (!stream.MayReceive && await connection.TryDialAsync()) await FirstAsync(stream, connection);
    }

    private static async ValueTask FirstAsync(HboneStream stream, TcpConnection connection)
    {
        var server = connection.Upstream!;
        if (connection.HasGreeting() || stream.MayReceive) return;
        var race = new LoopSignal(stream.Loop);
        var (one, other) = (SignalAsync(stream, race), SignalAsync(server, race));
        await race.WaitAsync();
        stream.EndReadWait();
        server.EndReadWait();
        await Task.WhenAll(one, other);
    }

    private static async Task SignalAsync(Duplex stream, LoopSignal race)
    {
        await stream.WaitReadableAsync();
        race.SetSoon();
    }
}
