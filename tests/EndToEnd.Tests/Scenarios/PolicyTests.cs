using System.Net;
using Ambient.EndToEnd.Tests.Peers;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Mesh;

namespace Ambient.EndToEnd.Tests.Scenarios;

public sealed class PolicyTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    private const string OnlyWeb = "[[[{principals: [!Exact cluster.local/ns/shop/sa/web]}]]]";
    private const string Everybody = "[[[{destinationPorts: [8080, 8081, 8082, 8083, 8084]}]]]";

    [Fact]
    public async Task An_ALLOW_policy_lets_in_who_it_names_and_nobody_else()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        await ApplyAsync(new MeshPolicy("only-web", "shop", "WorkloadSelector", "Allow", OnlyWeb));

        using (var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080)))
            Assert.Equal("welcome", await socket.AskAsync("welcome"));
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Near.ConnectAsync(fixture.Cart.EndPoint(8080))));
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.PlainHere.ConnectAsync(fixture.Cart.EndPoint(8080))));

        var line = await AccessLogLines.FindAsync(fixture.There, "direction=\"inbound\"", "no_policy_allows", fixture.Near.Identity, $"{fixture.Cart.EndPoint(8080)}");
        Assert.Contains("ALLOW policies apply and none matched", line, StringComparison.Ordinal);
        await ApplyAsync();
    }

    [Fact]
    public async Task A_DENY_policy_is_named_in_the_log()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8081);
        await ApplyAsync(new MeshPolicy("not-you", "shop", "WorkloadSelector", "Deny", OnlyWeb));

        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8081))));
        using (var socket = await fixture.Near.ConnectAsync(fixture.Cart.EndPoint(8081)))
            Assert.Equal("still welcome", await socket.AskAsync("still welcome"));

        var line = await AccessLogLines.FindAsync(fixture.There, "direction=\"inbound\"", "denied_by_policy", $"{fixture.Cart.EndPoint(8081)}");
        Assert.Contains("shop/not-you", line, StringComparison.Ordinal);
        await ApplyAsync();
    }

    [Fact]
    public async Task A_new_policy_closes_the_open_connections_that_it_denies()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8082);
        await ApplyAsync(new MeshPolicy("gate", "shop", "WorkloadSelector", "Allow", Everybody));
        using var denied = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8082));
        using var allowed = await fixture.Near.ConnectAsync(fixture.Cart.EndPoint(8082));
        await denied.AskAsync("before");
        await allowed.AskAsync("before");

        await ApplyAsync(new MeshPolicy("gate", "shop", "WorkloadSelector", "Deny", OnlyWeb));

        Assert.Equal("reset", await denied.ReadEndingAsync());
        Assert.Equal("goes on", await allowed.AskAsync("goes on"));
        await AccessLogLines.FindAsync(fixture.There, "direction=\"inbound\"", "policy_changed", fixture.Web.Identity);
        await ApplyAsync();
    }

    [Fact]
    public async Task Attaching_a_policy_closes_the_open_connections_that_it_denies()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8083);
        fixture.Mesh.Policies.Add(new("lonely", "shop", "WorkloadSelector", "Deny", OnlyWeb));
        await fixture.Mesh.PublishAsync();
        using var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8083));
        Assert.Equal("not selected", await socket.AskAsync("not selected"));

        fixture.Mesh.Workload(fixture.Cart).Policies.Add("shop/lonely");
        await fixture.Mesh.PublishAsync();

        Assert.Equal("reset", await socket.ReadEndingAsync());
        await ApplyAsync();
    }

    [Fact]
    public async Task A_policy_of_a_namespace_or_of_the_mesh_needs_no_attachment()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8084);
        foreach (var scope in new[] { "Namespace", "Global" })
        {
            fixture.Mesh.Policies.Add(new("wide", scope == "Global" ? "istio-system" : "shop", scope, "Deny", OnlyWeb));
            await fixture.Mesh.PublishAsync();

            Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8084))));

            await ApplyAsync();
        }
    }

    [Fact]
    public async Task Plaintext_is_refused_where_a_policy_demands_an_identity()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8085);
        await ApplyAsync(new MeshPolicy("mutual-tls", "shop", "WorkloadSelector", "Deny", "[[[{notPrincipals: [Presence]}]]]"));

        Assert.True(await Conversation.IsRefusedAsync(() => fixture.PlainHere.ConnectAsync(fixture.Cart.EndPoint(8085))));
        using (var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8085)))
            Assert.Equal("with identity", await socket.AskAsync("with identity"));
        await ApplyAsync();
    }

    [Fact]
    public async Task A_tunnel_request_that_policy_refuses_is_answered_401()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        await ApplyAsync(new MeshPolicy("only-web", "shop", "WorkloadSelector", "Allow", OnlyWeb));

        using var stranger = await HboneClient.ConnectAsync(fixture.PlainHere, fixture.Cart.EndPoint(15008),
            await TestIdentities.IssueAsync(fixture.Mesh, "spiffe://cluster.local/ns/shop/sa/stranger"));
        using var web = await HboneClient.ConnectAsync(fixture.PlainHere, fixture.Cart.EndPoint(15008),
            await TestIdentities.IssueAsync(fixture.Mesh, fixture.Web.Identity));

        Assert.Equal(401, await stranger.RequestAsync($"{fixture.Cart.EndPoint(8080)}"));
        Assert.Equal(200, await web.RequestAsync($"{fixture.Cart.EndPoint(8080)}"));
        await ApplyAsync();
    }

    [Fact]
    public async Task The_pods_own_port_decides_whichever_of_a_service_was_dialled()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8086);
        var service = new MeshService("ported", "shop", ["10.96.0.31"], new Dictionary<int, int> { [80] = 8086 }, [fixture.Cart]);
        fixture.Mesh.Services.Add(service);
        var dialled = new IPEndPoint(IPAddress.Parse("10.96.0.31"), 80);

        await ApplyAsync(new MeshPolicy("not-80", "shop", "WorkloadSelector", "Deny", "[[[{destinationPorts: [80]}]]]"));
        using (var socket = await fixture.Web.ConnectAsync(dialled)) Assert.Equal("by its port", await socket.AskAsync("by its port"));
        Assert.Equal(200, await ByNameAsync());

        await ApplyAsync(new MeshPolicy("not-8086", "shop", "WorkloadSelector", "Deny", "[[[{destinationPorts: [8086]}]]]"));
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(dialled)));
        Assert.Equal(401, await ByNameAsync());

        fixture.Mesh.Services.Remove(service);
        await ApplyAsync();

        async Task<int> ByNameAsync()
        {
            using var foreign = await HboneClient.ConnectAsync(fixture.PlainHere, fixture.Cart.EndPoint(15008), await TestIdentities.IssueAsync(fixture.Mesh, fixture.PlainHere.Identity));
            return await foreign.RequestAsync("ported.shop.svc.cluster.local:80");
        }
    }

    /// <summary>These policies, attached to the cart, and no others.</summary>
    private async Task ApplyAsync(params IReadOnlyList<MeshPolicy> policies)
    {
        fixture.Mesh.Policies.Clear();
        fixture.Mesh.Policies.AddRange(policies);
        var attached = fixture.Mesh.Workload(fixture.Cart).Policies;
        attached.Clear();
        attached.AddRange(policies.Select(policy => $"{policy.Namespace}/{policy.Name}"));
        await fixture.Mesh.PublishAsync();
    }
}
