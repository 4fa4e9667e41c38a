using System.Net;
using System.Net.Sockets;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>What is done with kubectl reaches live traffic, by way of the real control plane.</summary>
public sealed class ClusterTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    [Fact]
    public async Task A_policy_cuts_the_live_connection_that_it_denies_and_leaves_the_others()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        using var web = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080));
        using var db = await fixture.Db.ConnectAsync(fixture.Cart.EndPoint(8080));
        Assert.Equal("before", await web.AskAsync("before"));
        Assert.Equal("before", await db.AskAsync("before"));

        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: no-web, namespace: shop}
            spec:
              selector: {matchLabels: {tier: front}}
              action: DENY
              rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]
            """);

        await Assert.ThrowsAsync<SocketException>(() => web.ReceiveAsync(new byte[1]).WaitAsync(PodSockets.Limit));
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080))));
        Assert.Equal("after", await db.AskAsync("after"));

        await DeletePolicyAsync("authorizationpolicy", "no-web", 8080);
    }

    [Fact]
    public async Task A_service_resolves_and_leads_to_its_pods_until_it_is_deleted()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8081);
        await ApplyAsync("""
            apiVersion: v1
            kind: Service
            metadata: {name: cart, namespace: shop}
            spec:
              clusterIP: 10.96.7.7
              selector: {tier: front}
              ports: [{port: 80, targetPort: 8081}]
            """);
        await Until.TrueAsync(async () => await ResolveAsync() == "10.96.7.7", "the service's name resolves");

        using (var socket = await fixture.Web.ConnectAsync(new(IPAddress.Parse("10.96.7.7"), 80)))
            Assert.Equal("by service", await socket.AskAsync("by service"));

        await DeleteAsync("service", "cart");
        await Until.TrueAsync(async () => await ResolveAsync() != "10.96.7.7", "the name is gone");

        async Task<string> ResolveAsync() =>
            (await fixture.Web.RunAsync("dig", "+short", "+timeout=2", "+tries=1", "cart.shop.svc.cluster.local")).Output.Trim();
    }

    [Fact]
    public async Task A_host_without_an_address_gets_one_that_its_name_resolves_to_and_leads_to_its_endpoints()
    {
        await using var server = PodServer.Greet(fixture.Cart, 8086, "by entry");
        await ApplyAsync($$"""
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: store, namespace: shop}
            spec:
              hosts: [store.example.com]
              location: MESH_INTERNAL
              resolution: STATIC
              ports: [{number: 80, targetPort: 8086, name: tcp, protocol: TCP}]
              endpoints: [{address: {{fixture.Cart.Address}}}]
            """);
        var address = "";
        await Until.TrueAsync(async () => (address = await ResolveAsync()).Length > 0, "the host's name resolves");

        Assert.StartsWith("240.240.", address, StringComparison.Ordinal);
        using (var socket = await fixture.Web.ConnectAsync(new(IPAddress.Parse(address), 80))) Assert.Equal("by entry", await socket.ReadToEndAsync());

        await DeleteAsync("serviceentry", "store");
        await Until.TrueAsync(async () => await ResolveAsync() != address, "the name is gone");

        async Task<string> ResolveAsync()
        {
            var answer = (await fixture.Web.RunAsync("dig", "+short", "+timeout=2", "+tries=1", "store.example.com")).Output.Trim();
            return IPAddress.TryParse(answer, out _) ? answer : "";
        }
    }

    [Fact]
    public async Task A_rule_that_ztunnel_cannot_evaluate_is_named_in_the_status_and_lets_nobody_in()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8082);
        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: only-get, namespace: shop}
            spec:
              selector: {matchLabels: {tier: front}}
              rules: [{to: [{operation: {methods: [GET]}}]}]
            """);

        var status = "";
        await Until.TrueAsync(async () => (status = (await fixture.Cluster.KubectlAsync("get", "authorizationpolicy", "only-get", "-n", "shop",
            "-o", "jsonpath={.status.conditions[?(@.type==\"ZtunnelAccepted\")].message}")).Output).Length > 0, "the policy has a status");

        Assert.Contains("methods", status, StringComparison.Ordinal);
        await Until.TrueAsync(() => Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8082))), "nobody is let in");
        await DeletePolicyAsync("authorizationpolicy", "only-get", 8082);
    }

    [Fact]
    public async Task Strict_peer_authentication_turns_plaintext_away_but_not_on_an_exempt_port()
    {
        await using var strict = PodServer.Echo(fixture.Cart, 8083);
        await using var exempt = PodServer.Echo(fixture.Cart, 8084);
        using (var socket = await fixture.Plain.ConnectAsync(fixture.Cart.EndPoint(8083))) Assert.Equal("plain", await socket.AskAsync("plain"));

        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata: {name: front, namespace: shop}
            spec:
              selector: {matchLabels: {tier: front}}
              mtls: {mode: STRICT}
              portLevelMtls: {"8084": {mode: PERMISSIVE}}
            """);

        await Until.TrueAsync(() => Conversation.IsRefusedAsync(() => fixture.Plain.ConnectAsync(fixture.Cart.EndPoint(8083))), "plaintext is refused");
        using (var socket = await fixture.Plain.ConnectAsync(fixture.Cart.EndPoint(8084))) Assert.Equal("plain", await socket.AskAsync("plain"));
        using (var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8083))) Assert.Equal("mesh", await socket.AskAsync("mesh"));
        await DeletePolicyAsync("peerauthentication", "front", 8083);
    }

    [Fact]
    public async Task Without_its_control_plane_the_mesh_goes_on_and_what_changed_meanwhile_arrives_afterwards()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8085);
        using var open = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8085));
        await fixture.Cluster.ControlPlane.KillAsync();

        for (var i = 0; i < 50; i++)
        {
            using var fresh = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8085));
            Assert.Equal("without", await fresh.AskAsync("without"));
        }
        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: meanwhile, namespace: shop}
            spec: {selector: {matchLabels: {tier: front}}}
            """);
        Assert.Equal("still open", await open.AskAsync("still open"));

        await fixture.Cluster.ControlPlane.StartAsync();

        await Assert.ThrowsAsync<SocketException>(() => open.ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromSeconds(30)));
        await DeletePolicyAsync("authorizationpolicy", "meanwhile", 8085);
    }

    private async Task ApplyAsync(string manifest) => (await fixture.Cluster.ApplyAsync(manifest)).OutputOrThrow();

    /// <summary>Returns once everybody is let in again: the next test finds the mesh as it was.</summary>
    private async Task DeletePolicyAsync(string kind, string name, int port)
    {
        await DeleteAsync(kind, name);
        foreach (var pod in new[] { fixture.Web, fixture.Plain })
            await Until.TrueAsync(async () => !await Conversation.IsRefusedAsync(() => pod.ConnectAsync(fixture.Cart.EndPoint(port))), () => $"{pod.Name} is let in again. {Logs()}");
    }

    private string Logs() => $"The server's node knows:\n{fixture.Cluster.ConfigDumpAsync(fixture.There).Result}\n" +
        $"The control plane's log ends with:\n{fixture.Cluster.ControlPlane.Process.LogTail()}\nthe server's ztunnel's with:\n{fixture.Cluster.ZtunnelLog(fixture.There)}";

    private async Task DeleteAsync(string kind, string name) =>
        (await fixture.Cluster.KubectlAsync("delete", kind, name, "-n", "shop")).OutputOrThrow();
}
