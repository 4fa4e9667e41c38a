using System.Net;
using System.Net.Sockets;
using Ambient.Model.Workloads;
using Ambient.TestKit;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Tests.Proxying;

namespace Ambient.Ztunnel.Tests.Outbound;

/// <summary>A service whose endpoint is known by its host name alone.</summary>
public sealed class HostSearchTests
{
    [Theory(Timeout = 30_000)] // the clock stands still: nothing is waited for
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_route_says_which_address_the_host_had(bool isListening)
    {
        await using var pods = await PodScene.CreateAsync(time: new ManualTime());
        var proxy = await pods.Parts.Pods.ServeAsync(PodScene.Info, pods.Sockets, new PodListeners(), preservesSource: false);
        using var outside = pods.NewSocket(SocketType.Stream, ProtocolType.Tcp);
        outside.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (isListening) outside.Listen();
        var at = (IPEndPoint)outside.LocalEndPoint!;
        pods.Mesh.Apply(new MeshBuilder().Service("outside", "10.0.0.20", $"80:{at.Port}")
            .Workload("db", services: "outside", protocol: TunnelProtocol.None, with: static workload => workload with { Hostname = "localhost" }).Delta);

        var (isOpen, route) = await proxy.Parts[0].SearchAsync(new(IPAddress.Parse("10.0.0.20"), 80), static found =>
        {
            found.Upstream?.Dispose();
            return (found.Upstream is not null, found.Route);
        });

        Assert.Equal(isListening, isOpen);
        Assert.Equal(at, route!.NextHop);
    }
}
