using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Waypoint.Tests.Scenes;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>Who may do what: policies with methods, paths, headers and identities.</summary>
public sealed class PolicyTests
{
    [Fact]
    public async Task Only_what_is_allowed_passes()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Policy("readers", PolicyAction.Allow, new()
        {
            Principals = [StringMatcher.Exact("cluster.local/ns/web/sa/client")],
            Request = new() { Methods = [TextMatch.Exact("GET")], Paths = [TextMatch.Prefix("/api/")] },
        });
        using var client = await scene.ClientAsync("echo");
        using var stranger = await scene.ClientAsync("echo", identity: new("cluster.local", "web", "stranger"));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/items")).StatusCode);
        var denied = await client.DeleteAsync("/api/items");
        Assert.Equal((HttpStatusCode.Forbidden, "RBAC: access denied"), (denied.StatusCode, await denied.Content.ReadAsStringAsync()));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/other")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.GetAsync("/api/items")).StatusCode);
    }

    [Theory]
    [InlineData("shop/waypoint", "", 403, 403)] // for all that is behind it
    [InlineData("shop/other", "", 200, 200)]
    [InlineData("", "echo", 403, 200)]
    public async Task A_policy_is_for_its_gateways_and_services_alone(string gateway, string service, int echo, int other)
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo", "other");
        scene.Apply(new Model.Traffic.TrafficResource("AuthorizationPolicy/shop/p", new RequestPolicy(
            new() { Name = "p", Namespace = "shop", Action = PolicyAction.Deny, Rules = [new([new([new() { Request = new() { Methods = [TextMatch.Exact("GET")] } }])])] },
            service.Length > 0 ? [KeyOf(service)] : [], gateway.Length > 0 ? [gateway] : [], IsForAll: false)));

        using var one = await scene.ClientAsync("echo");
        using var two = await scene.ClientAsync("other");
        Assert.Equal((echo, other), ((int)(await one.GetAsync("/")).StatusCode, (int)(await two.GetAsync("/")).StatusCode));
    }

    [Fact]
    public async Task Each_client_is_judged_by_its_own_identity_over_http2_too()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Policy("one", PolicyAction.Allow, new() { Principals = [StringMatcher.Exact("cluster.local/ns/web/sa/client")], Request = new() { Methods = [TextMatch.Exact("GET")] } });
        using var client = await scene.ClientAsync("echo");
        using var stranger = await scene.ClientAsync("echo", identity: new("cluster.local", "web", "stranger"));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(Http2("/"))).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await stranger.SendAsync(Http2("/"))).StatusCode);
        }
    }

    [Fact]
    public async Task What_is_denied_stays_denied_however_its_path_is_written()
    {
        await using var scene = await StartAsync();
        var server = scene.Serve("v1", "echo");
        scene.Policy("no-admin", PolicyAction.Deny, new() { Request = new() { Paths = [TextMatch.Prefix("/admin")] } });
        using var client = await scene.ClientAsync("echo");
        foreach (var path in (string[])["/admin", "//admin", "/./admin", "/x/../admin", "/%61dmin", "/x/%2e%2e/admin", "/\\admin"])
        {
            var uri = new Uri($"http://echo{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
            Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(new(HttpMethod.Get, uri))).StatusCode);
        }

        Assert.Equal(0, server.Requests);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/public")).StatusCode);
    }

    [Fact]
    public async Task Headers_hosts_and_the_trusted_address_decide_too()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Policy("conditions", PolicyAction.Deny, new() { Request = new() { Headers = [new("x-banned", [TextMatch.Exact("yes")], [])] } });
        scene.Policy("hosts", PolicyAction.Deny, new() { Request = new() { Hosts = [TextMatch.Exact("evil.example", ignoreCase: true)] } });
        scene.Policy("addresses", PolicyAction.Deny, new() { Request = new() { RemoteIps = [Model.Addresses.IpPrefix.Parse("203.0.113.0/24")] } });
        using var client = await scene.ClientAsync("echo");
        Assert.Equal(403, await StatusAsync(client, ("x-banned", "yes")));
        Assert.Equal(200, await StatusAsync(client, ("x-banned", "no")));
        Assert.Equal(403, await StatusAsync(client, ("Host", "EVIL.example")));
        Assert.Equal(403, await StatusAsync(client, ("x-forwarded-for", "10.0.0.1, 203.0.113.9")));
        Assert.Equal(200, await StatusAsync(client, ("x-forwarded-for", "203.0.113.9, 10.0.0.1")));
    }

    [Fact]
    public async Task A_dry_run_denies_nothing_and_is_logged()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Policy("rehearsal", PolicyAction.Deny, new() { Request = new() { Methods = [TextMatch.Exact("GET")] } }, dryRun: true);
        using var client = await scene.ClientAsync("echo");
        Assert.Equal(200, await StatusAsync(client));
        Assert.Contains("dry run: WouldDeny shop/rehearsal", scene.TakeLog(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_is_not_http_passes_no_allow_of_requests_and_every_deny_of_them()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        Assert.StartsWith("HTTP/1.1 200", await SpeakAsync(scene, "NONSENSE\r\n\r\n"), StringComparison.Ordinal); // the server's own answer: carried as TCP
        scene.Policy("no-writes", PolicyAction.Deny, new() { Request = new() { Methods = [TextMatch.Exact("POST")] } });
        Assert.Equal("", await SpeakAsync(scene, "NONSENSE\r\n\r\n"));
    }

    private static HttpRequestMessage Http2(string path) => new(HttpMethod.Get, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private static async Task<int> StatusAsync(HttpClient client, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        foreach (var (name, value) in fields)
            if (name == "Host") request.Headers.Host = value;
            else request.Headers.Add(name, value);
        using var answer = await client.SendAsync(request);
        return (int)answer.StatusCode;
    }

    private static async Task<string> SpeakAsync(WaypointScene scene, string text)
    {
        var at = await scene.NodeOf().OpenAsync($"{VipOf("echo")}:8080");
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(at);
            await socket.SendAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);
            var buffer = new byte[4096];
            var read = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            return Encoding.ASCII.GetString(buffer, 0, read);
        }
        catch (SocketException)
        {
            return "";
        }
    }
}
