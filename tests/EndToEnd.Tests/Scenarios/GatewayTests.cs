using System.Net;
using System.Net.Sockets;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Mesh;
using Ambient.Lab.Network;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>
/// Two networks: web is in the one, cart in the other, and nobody routes from web to cart. Between them stands a gateway: a pod in
/// the mesh whose application is handed what its tunnel carries, and passes it to where cart takes tunnels.
/// </summary>
public sealed class GatewayFixture : MeshFixture, IAsyncLifetime
{
    public const string Service = "10.96.0.50", Impostor = "10.96.0.51", Direct = "10.96.0.52";
    private const int ApplicationPort = 15443;

    private PodServer? _application;

    public LabPod Gateway { get; private set; } = null!;

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        There.ZtunnelSettings["NETWORK"] = "far";
        await There.RestartZtunnelAsync();
        Gateway = await Mesh.AddEnrolledPodAsync(Here, "gateway", "gateway", "istio-system");
        Mesh.Workload(Gateway).ApplicationTunnel = $"{{protocol: NONE, port: {ApplicationPort}}}";
        Mesh.Workload(Cart).Network = "far";
        Mesh.Services.Add(new("gateway", "istio-system", ["10.96.0.53"], new Dictionary<int, int> { [15008] = 15008 }, [Gateway]));
        Mesh.Services.Add(Far("far", Service, Cart.Identity));
        Mesh.Services.Add(Far("impostor", Impostor, Near.Identity));
        _application = PodServer.Start(Gateway, ApplicationPort, PassOnAsync);
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        if (_application is not null) await _application.DisposeAsync();
        await DisposeAsync();
    }

    private MeshService Far(string name, string address, string identity) =>
        new(name, "shop", [address], new Dictionary<int, int> { [80] = 8080 }, [Cart]) { Identities = [identity] };

    // From a pod that nobody captures: what is passed on is a tunnel already.
    private async Task PassOnAsync(Socket from)
    {
        using var to = await PlainHere.ConnectAsync(Cart.EndPoint(15008));
        await Task.WhenAll(CopyAsync(from, to), CopyAsync(to, from));
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 << 10];
        while (await from.ReceiveAsync(buffer) is var read and > 0)
            for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
        to.Shutdown(SocketShutdown.Send);
    }
}

public sealed class GatewayTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private static readonly IPEndPoint Service = new(IPAddress.Parse(GatewayFixture.Service), 80);

    [Theory]
    [InlineData(null)]
    [InlineData("istio-system/gateway.istio-system.svc.cluster.local")]
    public async Task A_service_of_another_network_is_reached_by_a_tunnel_within_the_gateways_tunnel(string? gateway)
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        fixture.Mesh.Workload(fixture.Cart).NetworkGateway = gateway ?? $"/{fixture.Gateway.Address.V4}";
        await fixture.Mesh.PublishAsync();

        using (var socket = await fixture.Web.ConnectAsync(Service))
            Assert.Equal("across the border", await socket.AskAsync("across the border"));

        // Who answered is who proved it inside the gateway's tunnel, not the gateway.
        var sent = await AccessLogLines.FindAsync(fixture.Here, "direction=\"outbound\"", "far.shop.svc.cluster.local:80", "connection complete");
        Assert.Contains($"dst.addr={fixture.Gateway.EndPoint(15008)}", sent, StringComparison.Ordinal);
        Assert.Contains($"dst.identity=\"{fixture.Cart.Identity}\"", sent, StringComparison.Ordinal);
        Assert.Contains("dst.workload=\"cart\"", sent, StringComparison.Ordinal);
        // And who asked is web, though the connection came from the gateway's side.
        var received = await AccessLogLines.FindAsync(fixture.There, "direction=\"inbound\"", "dst.hbone_addr=far.shop.svc.cluster.local:80");
        Assert.Contains($"src.identity=\"{fixture.Web.Identity}\"", received, StringComparison.Ordinal);
        Assert.Contains("src.workload=\"web\"", received, StringComparison.Ordinal);
        // The gateway was shown web's identity as well, and knows the service.
        var passed = await AccessLogLines.FindAsync(fixture.Here, "direction=\"inbound\"", "dst.workload=\"gateway\"", "dst.hbone_addr=far.shop.svc.cluster.local:80");
        Assert.Contains($"src.identity=\"{fixture.Web.Identity}\"", passed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stranger_behind_the_gateway_gets_nothing()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        fixture.Mesh.Workload(fixture.Cart).NetworkGateway = $"/{fixture.Gateway.Address.V4}";
        await fixture.Mesh.PublishAsync();

        // Cart answers, but only near may answer for this service.
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(new(IPAddress.Parse(GatewayFixture.Impostor), 80))));

        Assert.Empty(server.Callers);
        await AccessLogLines.FindAsync(fixture.Here, "direction=\"outbound\"", "impostor.shop", "tls_wrong_identity");
    }

    [Fact]
    public async Task Without_a_gateway_a_service_of_another_network_is_refused_and_the_log_says_why()
    {
        fixture.Mesh.Workload(fixture.Cart).NetworkGateway = null;
        await fixture.Mesh.PublishAsync();

        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(Service)));

        await AccessLogLines.FindAsync(fixture.Here, "direction=\"outbound\"", $"{Service}", "gateway_missing");
    }

    [Fact]
    public async Task Many_connections_cross_at_once_and_none_is_mixed_up()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        fixture.Mesh.Workload(fixture.Cart).NetworkGateway = $"/{fixture.Gateway.Address.V4}";
        await fixture.Mesh.PublishAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            using var socket = await fixture.Web.ConnectAsync(Service);
            for (var round = 0; round < 5; round++)
                Assert.Equal($"{number}/{round}", await socket.AskAsync($"{number}/{round}"));
        }));
    }
}
