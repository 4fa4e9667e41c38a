using System.Net;
using System.Net.Sockets;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.WebSockets;
using Ambient.Linux.Sockets;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests.WebSockets;

/// <summary>A stream that carries a WebSocket, over a real socket.</summary>
public sealed class WebSocketStreamTests
{
    [Fact]
    public async Task Closed_twice_it_says_so_once_and_is_not_cut()
    {
        await using var scene = await ProxyScene.StartAsync();
        var accepted = new TaskCompletionSource<LoopSocket>();
        var accepting = await scene.Loop.RunAsync(() => ValueTask.FromResult(AcceptLoop.Start(
            scene.Loop, ListeningSocket.Open(new(IPAddress.Loopback, 0), new()), (descriptor, _) => accepted.SetResult(LoopSocket.Attach(scene.Loop, descriptor)))));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(accepting.LocalName.ToEndPoint());
        var socket = await accepted.Task;

        var isBroken = await scene.Loop.RunAsync(() =>
        {
            var stream = new WebSocketStream(socket, isServer: false);
            stream.Close();
            stream.Close();
            return ValueTask.FromResult(stream.IsBroken);
        });

        Assert.False(isBroken);
        var said = new byte[16];
        Assert.Equal([0x88, 2, 1001 >> 8, 1001 & 0xFF], said[..await client.ReceiveAsync(said)]);
        Assert.Equal(0, await client.ReceiveAsync(said));
        await scene.Loop.RunAsync(() =>
        {
            accepting.Dispose();
            socket.Dispose();
            return ValueTask.FromResult(0);
        });
    }
}
