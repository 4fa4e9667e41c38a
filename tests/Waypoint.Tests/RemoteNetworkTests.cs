using System.Net;
using Ambient.Model.Identities;
using Ambient.Waypoint.Tests.Scenes;

namespace Ambient.Waypoint.Tests;

/// <summary>Servers in another network: a tunnel to its gateway, and one in it that ends where the server is.</summary>
public sealed class RemoteNetworkTests
{
    [Fact]
    public async Task A_server_behind_a_gateway_is_reached_by_the_services_name_and_each_connection_has_its_own_tunnel()
    {
        await using var scene = await WaypointScene.StartAsync();
        await using var server = new EchoServer("remote", new(IPAddress.Loopback, 0));
        await using var remote = scene.NodeProxies();
        scene.KnowRemote("echo", await RemoteNetwork.StartAsync(remote, IPAddress.Parse("127.9.1.1"), server.Address), RemoteNetwork.ServerIdentity);

        using (var client = await scene.ClientAsync("echo"))
            for (var i = 0; i < 3; i++) Assert.StartsWith("remote", await client.GetStringAsync("/", TestContext.Current.CancellationToken), StringComparison.Ordinal);

        Assert.Equal(3, server.Requests);
        var (outer, inner) = (remote.Asked.ElementAt(0), remote.Asked.ElementAt(1));
        Assert.Equal(("echo.shop.svc.cluster.local:80", "waypoint", null), (outer.Authority, outer.Source, outer.ForwardedNetwork));
        Assert.Equal(("echo.shop.svc.cluster.local:80", ""), (inner.Authority, inner.ForwardedNetwork));
    }

    [Theory]
    [InlineData("cluster.local", "shop", "somebody")]
    [InlineData("", "", "")]
    public async Task Who_answers_behind_the_gateway_must_be_whom_the_service_names(string domain, string ns, string account)
    {
        await using var scene = await WaypointScene.StartAsync();
        await using var server = new EchoServer("remote", new(IPAddress.Loopback, 0));
        await using var remote = scene.NodeProxies();
        scene.KnowRemote("echo", await RemoteNetwork.StartAsync(remote, IPAddress.Parse("127.9.1.1"), server.Address), account.Length > 0 ? new SpiffeId(domain, ns, account) : null);
        using var client = await scene.ClientAsync("echo");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(0, server.Requests);
    }
}
