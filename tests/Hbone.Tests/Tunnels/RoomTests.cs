using Ambient.Hbone.Tunnels;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;

namespace Ambient.Hbone.Tests.Tunnels;

/// <summary>Streams that find no room in the tunnel's output, and what wakes them.</summary>
public sealed class RoomTests
{
    private const int Window = 4 << 20; // no window is in the way here

    // The wire is full when the stream asks for room and empty again at the turn's end: nobody is told that it may be written to.
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Streams_that_found_no_room_are_served_when_the_turns_flush_makes_some(int streams)
    {
        await using var lab = await TunnelLab.StartAsync(lab => lab.Options.StreamWindowBytes = Window);

        var served = lab.ClientLoop.RunAsync(async () =>
        {
            var (tunnel, valve) = await DialAsync(lab);
            var open = new HboneStream[streams];
            for (var i = 0; i < streams; i++) open[i] = await OpenAsync(tunnel);

            valve.IsShut = true;
            Fill(open[0]);
            Assert.True(valve.Refused > 0); // asking for room flushed, and the wire took nothing
            var waits = open.Select(stream => stream.WaitWritableAsync().AsTask()).ToList();
            Assert.All(waits, wait => Assert.False(wait.IsCompleted));
            valve.IsShut = false;

            await Task.WhenAll(waits);
            tunnel.Close(TunnelEnd.Local);
            return waits.Count;
        });

        Assert.Equal(streams, await served.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task What_was_written_while_the_wire_was_shut_arrives_whole()
    {
        var arrived = new TaskCompletionSource<byte[]>();
        await using var lab = await TunnelLab.StartAsync(lab =>
        {
            lab.Options.StreamWindowBytes = Window;
            lab.Serve = async (stream, _) =>
            {
                stream.Respond(new(200));
                arrived.TrySetResult(await stream.ReadAsync(3 << 20));
            };
        });
        var bytes = GC.AllocateUninitializedArray<byte>(3 << 20, pinned: true);
        new Random(5).NextBytes(bytes);

        var sending = lab.ClientLoop.RunAsync(async () =>
        {
            var (tunnel, valve) = await DialAsync(lab);
            var stream = await OpenAsync(tunnel);
            for (var sent = 0; sent < bytes.Length;)
            {
                valve.IsShut = true;
                while (sent < bytes.Length && stream.TrySend([IoVector.Over(bytes.AsMemory(sent))]) is { Status: IoStatus.Done } result) sent += result.Bytes;
                var wait = stream.WaitWritableAsync();
                valve.IsShut = false;
                await wait;
            }
            return 0;
        });

        Assert.Equal(bytes, await arrived.Task.WaitAsync(TimeSpan.FromSeconds(20)));
        await sending;
    }

    private static async ValueTask<(Tunnel, Valve)> DialAsync(TunnelLab lab)
    {
        var (socket, failure) = await LoopSocket.ConnectAsync(lab.ClientLoop, OutgoingSocket.Open(lab.Address.AddressFamily, new()), lab.Address, TimeSpan.FromSeconds(10));
        Assert.True(socket is not null, failure.Describe(lab.Address));
        var valve = new Valve(socket);
        var (identity, _) = await lab.Identities.FindAsync(TunnelLab.ClientId);
        var (tunnel, refused) = await lab.Dialer.SecureAsync(valve, identity!, [TunnelLab.ServerId], "the server");
        Assert.True(tunnel is not null, refused?.Message);
        return (tunnel, valve);
    }

    private static async ValueTask<HboneStream> OpenAsync(Tunnel tunnel)
    {
        var stream = tunnel.TryConnect(new("10.0.0.1:80"))!;
        Assert.Equal(200, (await stream.WaitAnswerAsync(TimeSpan.FromSeconds(10)))!.Status);
        return stream;
    }

    /// <summary>Sends until there is no room, within this turn.</summary>
    private static void Fill(HboneStream stream)
    {
        var chunk = GC.AllocateUninitializedArray<byte>(16_384, pinned: true);
        while (stream.TrySend([IoVector.Over(chunk)]).Status == IoStatus.Done) { }
    }
}
