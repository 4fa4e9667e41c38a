using System.Net;
using System.Net.Sockets;
using Ambient.Transport;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>An application is called from its client's address, or not at all: it would judge by another one.</summary>
public sealed class ClientAddressTests
{
    private const int InvalidArgument = 22;

    [Fact]
    public async Task Where_the_clients_address_cannot_be_had_the_application_is_not_called()
    {
        await using var scene = await PodScene.CreateAsync();
        var proxy = await scene.Parts.Pods.ServeAsync(PodScene.Info, scene.Sockets, scene.OpenListeners(), preservesSource: true);
        using var application = scene.Sockets.Listen(static _ => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp));
        application.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        application.Listen();
        var to = (IPEndPoint)application.LocalEndPoint!;
        var part = proxy.Parts[0];

        // A link's own address means nothing without the link.
        var (wasOpen, failure) = await DialAsync(IPAddress.Parse("fe80::1"));
        Assert.Equal((false, InvalidArgument), (wasOpen, failure.Errno));
        Assert.False(application.Poll(0, SelectMode.SelectRead));

        (wasOpen, _) = await DialAsync(null);
        Assert.True(wasOpen);

        Task<(bool, ConnectFailure)> DialAsync(IPAddress? source) => part.Loop.RunAsync(async () =>
        {
            var (socket, failed) = await part.DialAsync(to, TimeSpan.FromSeconds(10), source);
            socket?.Dispose();
            return (socket is not null, failed);
        });
    }
}
