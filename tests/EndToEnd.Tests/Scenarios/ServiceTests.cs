using System.Net;
using Ambient.EndToEnd.Tests.Peers;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Mesh;
using Ambient.Lab.Network;

namespace Ambient.EndToEnd.Tests.Scenarios;

public sealed class ServiceFixture : MeshFixture, IAsyncLifetime
{
    public const string Address = "10.96.0.10";
    public const string AddressV6 = "fd96::10";

    public MeshService Service { get; private set; } = null!;

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        Service = new("store", "shop", [Address, AddressV6], new Dictionary<int, int> { [80] = 8080 }, [Near, Cart]);
        Mesh.Services.Add(Service);
        await Mesh.PublishAsync();
    }
}

public sealed class ServiceTests(ServiceFixture fixture) : IClassFixture<ServiceFixture>
{
    [Theory]
    [InlineData(ServiceFixture.Address)]
    [InlineData(ServiceFixture.AddressV6)]
    public async Task Connections_to_a_service_are_spread_over_its_pods(string address)
    {
        await using var near = PodServer.Greet(fixture.Near, 8080, "near");
        await using var cart = PodServer.Greet(fixture.Cart, 8080, "cart");
        var answers = new List<string>();
        var before = await OpenedAsync();

        for (var i = 0; i < 60; i++)
        {
            using var socket = await fixture.Web.ConnectAsync(new(IPAddress.Parse(address), 80));
            answers.Add(await socket.ReadTextAsync(4));
        }

        // Of 60 fair throws fewer than 8 on one side happen once in 10^9 runs.
        Assert.InRange(answers.Count(answer => answer == "near"), 8, 52);
        Assert.Equal(60, answers.Count(answer => answer is "near" or "cart"));
        var line = await AccessLogLines.FindAsync(fixture.Here, "dst.service=\"store.shop.svc.cluster.local\"", "direction=\"outbound\"");
        Assert.Contains("connection complete", line, StringComparison.Ordinal);
        var after = await OpenedAsync();
        Assert.Equal((60, 60), (after.Source - before.Source, after.Destination - before.Destination)); // both sides tell of the service

        async Task<(double Source, double Destination)> OpenedAsync() => (
            await SumAsync(fixture.Here, "source"), await SumAsync(fixture.Here, "destination") + await SumAsync(fixture.There, "destination"));

        static Task<double> SumAsync(MeshNode node, string reporter) => MetricLines.SumAsync(node, "istio_tcp_connections_opened_total", $"reporter=\"{reporter}\"",
            "source_workload=\"web\"", "destination_service=\"store.shop.svc.cluster.local\"", "destination_service_namespace=\"shop\"", "destination_service_name=\"store\"");
    }

    [Fact]
    public async Task An_unhealthy_pod_gets_no_connections()
    {
        await using var near = PodServer.Greet(fixture.Near, 8080, "near");
        await using var cart = PodServer.Greet(fixture.Cart, 8080, "cart");
        fixture.Mesh.Workload(fixture.Near).Healthy = false;
        await fixture.Mesh.PublishAsync();

        for (var i = 0; i < 12; i++)
        {
            using var socket = await fixture.Web.ConnectAsync(new(IPAddress.Parse(ServiceFixture.Address), 80));
            Assert.Equal("cart", await socket.ReadTextAsync(4));
        }

        fixture.Mesh.Workload(fixture.Near).Healthy = true;
        await fixture.Mesh.PublishAsync();
    }

    [Fact]
    public async Task A_port_that_the_service_does_not_have_is_refused()
    {
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(new(IPAddress.Parse(ServiceFixture.Address), 81))));

        var line = await AccessLogLines.FindAsync(fixture.Here, $"{ServiceFixture.Address}:81");
        Assert.Contains("reason=", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("store", "A", ServiceFixture.Address)]
    [InlineData("store.shop", "A", ServiceFixture.Address)]
    [InlineData("store.shop.svc.cluster.local", "A", ServiceFixture.Address)]
    [InlineData("store.shop.svc.cluster.local", "AAAA", ServiceFixture.AddressV6)]
    public async Task Names_of_services_are_answered_in_the_pod(string name, string type, string expected)
    {
        foreach (var transport in new[] { "+notcp", "+tcp" })
        {
            var answer = await fixture.Web.RunAsync("dig", "+short", "+timeout=3", "+tries=1", transport, type, name);

            Assert.Equal(expected, answer.OutputOrThrow().Trim());
        }
    }

    [Fact]
    public async Task Names_from_elsewhere_are_asked_of_the_name_server_of_the_network()
    {
        await using var server = DnsServer.Start(fixture.Mesh.Network, IPAddress.Parse("192.0.2.77"));
        var before = await CountsAsync();

        var answer = await fixture.Web.RunAsync("dig", "+short", "+timeout=3", "+tries=1", "A", "elsewhere.example");

        Assert.Equal("192.0.2.77", answer.OutputOrThrow().Trim());
        Assert.True(server.Questions > 0);
        var after = await CountsAsync();
        Assert.Equal([1.0, 1.0, 1.0, 0.0], after.Zip(before, static (now, then) => now - then));

        async Task<double[]> CountsAsync() => await Task.WhenAll(
            new[] { "requests_total", "upstream_requests_total", "upstream_request_duration_seconds_count", "upstream_failures_total" }.Select(name =>
                MetricLines.SumAsync(fixture.Here, $"istio_dns_{name}", "request_query_type=\"a\"", "request_protocol=\"udp\"", "source_canonical_service=\"web\"")));
    }

    [Fact]
    public async Task Traffic_to_a_service_with_a_waypoint_goes_through_the_waypoint()
    {
        await using var waypoint = HboneServer.Start(fixture.PlainThere, 15008, await TestIdentities.IssueAsync(fixture.Mesh, fixture.PlainThere.Identity));
        fixture.Mesh.Services.Add(new("guarded", "shop", ["10.96.0.20"], new Dictionary<int, int> { [80] = 8080 }, [fixture.Cart])
        {
            Waypoint = $"/{fixture.PlainThere.Address.V4}",
        });
        await fixture.Mesh.PublishAsync();

        using var socket = await fixture.Web.ConnectAsync(new(IPAddress.Parse("10.96.0.20"), 80));

        Assert.Equal("via the waypoint", await socket.AskAsync("via the waypoint"));
        Assert.Equal("10.96.0.20:80", waypoint.Requests.Last()[":authority"]);
        Assert.Equal("CONNECT", waypoint.Requests.Last()[":method"]);
        Assert.True(waypoint.Requests.Last().ContainsKey("baggage"));
        Assert.Equal(fixture.Web.Identity, waypoint.Clients.Last());
    }

    [Fact]
    public async Task A_workload_with_a_waypoint_is_reached_through_it()
    {
        await using var waypoint = HboneServer.Start(fixture.PlainThere, 15008, await TestIdentities.IssueAsync(fixture.Mesh, fixture.PlainThere.Identity));
        fixture.Mesh.Workload(fixture.Near).Waypoint = $"/{fixture.PlainThere.Address.V4}";
        await fixture.Mesh.PublishAsync();

        using (var socket = await fixture.Web.ConnectAsync(fixture.Near.EndPoint(7777)))
            Assert.Equal("by way of", await socket.AskAsync("by way of"));

        Assert.Equal($"{fixture.Near.EndPoint(7777)}", waypoint.Requests.Last()[":authority"]);
        fixture.Mesh.Workload(fixture.Near).Waypoint = null;
        await fixture.Mesh.PublishAsync();
    }

    [Theory]
    [InlineData("istio-system/gate.istio-system.svc.cluster.local")] // a service
    [InlineData("outside/gate.example")] // a workload that is known by its name alone
    public async Task A_waypoint_may_be_named_by_host(string reference)
    {
        var isService = reference.StartsWith("istio-system", StringComparison.Ordinal);
        await using var waypoint = HboneServer.Start(fixture.PlainThere, 15008, await TestIdentities.IssueAsync(fixture.Mesh, fixture.PlainThere.Identity));
        await using var names = DnsServer.Start(fixture.Mesh.Network, fixture.PlainThere.Address.V4);
        if (isService) fixture.Mesh.Services.Add(new("gate", "istio-system", ["10.96.0.21"], new Dictionary<int, int> { [15008] = 15008 }, [fixture.PlainThere]));
        else fixture.Mesh.Workload(fixture.PlainThere).Hostname = "gate.example";
        fixture.Mesh.Services.Add(new("gated", "shop", ["10.96.0.22"], new Dictionary<int, int> { [80] = 8080 }, [fixture.Cart]) { Waypoint = reference });
        await fixture.Mesh.PublishAsync();

        using (var socket = await fixture.Web.ConnectAsync(new(IPAddress.Parse("10.96.0.22"), 80)))
            Assert.Equal("by its name", await socket.AskAsync("by its name"));

        Assert.Equal("10.96.0.22:80", waypoint.Requests.Last()[":authority"]);
        await ForgetAsync("gate", "gated");
    }

    [Fact]
    public async Task A_named_port_is_the_pods_own_number()
    {
        await using var near = PodServer.Greet(fixture.Near, 8181, "near");
        await using var cart = PodServer.Greet(fixture.Cart, 8282, "cart");
        fixture.Mesh.Services.Add(new("named", "shop", ["10.96.0.23"], new Dictionary<int, int> { [80] = 0, [81] = 0 }, [fixture.Near, fixture.Cart])
        {
            NamedPorts = new Dictionary<LabPod, IReadOnlyDictionary<int, int>>
            {
                [fixture.Near] = new Dictionary<int, int> { [80] = 8181 }, // it has no port of the name behind 81
                [fixture.Cart] = new Dictionary<int, int> { [80] = 8282, [81] = 8282 },
            },
        });
        await fixture.Mesh.PublishAsync();
        var (both, one) = (new HashSet<string>(), new HashSet<string>());

        // That one of two is never met in 40 throws happens once in 10^12 runs.
        for (var i = 0; i < 40; i++) both.Add(await GreetingAsync(80));
        for (var i = 0; i < 10; i++) one.Add(await GreetingAsync(81));

        Assert.Equal(["cart", "near"], both.Order());
        Assert.Equal(["cart"], one);
        using var foreign = await HboneClient.ConnectAsync(fixture.PlainHere, fixture.Cart.EndPoint(15008),
            await TestIdentities.IssueAsync(fixture.Mesh, fixture.PlainHere.Identity));
        Assert.Equal(200, await foreign.RequestAsync("named.shop.svc.cluster.local:80"));
        using var without = await HboneClient.ConnectAsync(fixture.PlainHere, fixture.Near.EndPoint(15008),
            await TestIdentities.IssueAsync(fixture.Mesh, fixture.PlainHere.Identity));
        Assert.Equal(503, await without.RequestAsync("named.shop.svc.cluster.local:81"));
        await ForgetAsync("named");

        async Task<string> GreetingAsync(int port)
        {
            using var socket = await fixture.Web.ConnectAsync(new(IPAddress.Parse("10.96.0.23"), port));
            return await socket.ReadTextAsync(4);
        }
    }

    [Fact]
    public async Task A_workload_without_address_is_reached_by_its_host_name_and_the_look_up_is_counted()
    {
        await using var server = PodServer.Echo(fixture.PlainThere, 8080);
        await using var names = DnsServer.Start(fixture.Mesh.Network, fixture.PlainThere.Address.V4);
        fixture.Mesh.Workload(fixture.PlainThere).Hostname = "legacy.example";
        fixture.Mesh.Services.Add(new("legacy", "shop", ["10.96.0.24"], new Dictionary<int, int> { [80] = 8080 }, [fixture.PlainThere]));
        await fixture.Mesh.PublishAsync();
        string[] labels = ["hostname=\"legacy.example\"", "source_workload=\"web\""];
        var before = await MetricLines.SumAsync(fixture.Here, "istio_on_demand_dns_total", labels);

        for (var i = 0; i < 2; i++)
        {
            using var socket = await fixture.Web.ConnectAsync(new(IPAddress.Parse("10.96.0.24"), 80));
            Assert.Equal("by name", await socket.AskAsync("by name"));
        }

        Assert.Equal(2, await MetricLines.SumAsync(fixture.Here, "istio_on_demand_dns_total", labels) - before);
        await ForgetAsync("legacy");
    }

    private async Task ForgetAsync(params string[] names)
    {
        fixture.Mesh.Workload(fixture.PlainThere).Hostname = null;
        fixture.Mesh.Services.RemoveAll(service => names.Contains(service.Name));
        await fixture.Mesh.PublishAsync();
    }
}
