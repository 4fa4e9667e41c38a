using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Inbound;

namespace Ambient.Ztunnel.Tests.Inbound;

public sealed class InboundRouterTests
{
    // The pod that is asked is "wp-1": the waypoint of service "web" and pod "guarded", and an endpoint of "wp".
    private static MeshBuilder Mesh(Func<Workload, Workload>? with = null) => new MeshBuilder()
        .Service("wp", "10.0.0.99", "80:8080 81:0 15008")
        .Service("named", "", "80:0")
        .Workload("wp-1", "10.1.0.9", "wp named", with: with)
        .Service("web", "10.0.0.10", waypoint: "wp").Workload("web-1", "10.1.0.2", "web")
        .Workload("guarded", "10.1.0.3", with: w => w with { Waypoint = MeshBuilder.GatewayAt("10.1.0.9") })
        .Service("weighted", "10.0.0.11", with: s => s with { WeightedWaypoints = [new(MeshBuilder.Gateway("wp"), 1)] })
        .Service("elsewhere", "10.0.0.12", waypoint: "web")
        .Service("other/hidden", "10.0.0.13", with: s => s with { Visibility = Visibility.Namespace });

    private static readonly Func<Workload, Workload> WithTunnel =
        w => w with { ApplicationTunnel = new(ApplicationTunnelProtocol.Proxy, 15088) };

    [Theory]
    [InlineData("10.1.0.9:80", "10.1.0.9:80")] // itself
    [InlineData("10.0.0.10:80", "10.1.0.9:80")] // a service it is the waypoint of
    [InlineData("10.0.0.11:80", "10.1.0.9:80")] // a service it is one of the weighted waypoints of
    [InlineData("10.1.0.3:80", "10.1.0.9:80")] // a pod it is the waypoint of
    [InlineData("wp.default.svc.cluster.local:80", "10.1.0.9:8080")] // by host name: the service's target port
    [InlineData("10.1.0.2:80", "not_our_destination")] // another pod
    [InlineData("10.0.0.12:80", "not_our_destination")] // a service with another waypoint
    [InlineData("10.9.9.9:80", "not_our_destination")] // unknown
    [InlineData("[fd00::1]:80", "not_our_destination")]
    [InlineData("nobody.default.svc.cluster.local:80", "unknown_host")]
    [InlineData("hidden.other.svc.cluster.local:80", "unknown_host")]
    [InlineData("wp.default.svc.cluster.local:82", "no_target_port")] // not declared
    [InlineData("named.default.svc.cluster.local:80", "no_target_port")] // named, and not resolved by this endpoint
    [InlineData("10.1.0.9:15008", "loop_detected")]
    [InlineData("wp.default.svc.cluster.local:15008", "loop_detected")]
    public void A_tunnel_reaches_what_the_pod_serves_and_nothing_else(string authority, string expected) =>
        Assert.Equal(expected, Answer(Mesh(), authority));

    [Fact]
    public void A_named_port_is_the_endpoints_own()
    {
        var mesh = Mesh(w => w with { Services = [new(MeshBuilder.Key("wp"), MeshBuilder.Ports("81:9191"))] });

        Assert.Equal("10.1.0.9:9191", Answer(mesh, "wp.default.svc.cluster.local:81"));
    }

    [Theory]
    [InlineData("10.9.9.9:80", "10.9.9.9:80")]
    [InlineData("wp.default.svc.cluster.local:80", "10.0.0.99:80")]
    public void An_application_that_takes_tunnels_gets_all_on_its_port_and_learns_the_target(string authority, string target)
    {
        var route = Route(Mesh(WithTunnel), authority).Route!;

        Assert.Equal("10.1.0.9:15088", route.Upstream.ToString());
        Assert.Equal(target, route.ProxyTarget?.ToString());
    }

    [Fact]
    public void An_application_tunnel_without_protocol_or_port_changes_nothing_but_the_check()
    {
        var route = Route(Mesh(w => w with { ApplicationTunnel = new(ApplicationTunnelProtocol.None, null) }), "10.9.9.9:80").Route!;

        Assert.Equal(("10.1.0.9:80", null), (route.Upstream.ToString(), route.ProxyTarget));
    }

    [Fact]
    public void A_service_without_address_cannot_be_told_to_a_tunnelling_application()
    {
        var mesh = Mesh(w => WithTunnel(w) with { Services = [new(MeshBuilder.Key("named"), MeshBuilder.Ports("80:8080"))] });

        Assert.Equal("no_usable_address", Answer(mesh, "named.default.svc.cluster.local:80"));
    }

    [Theory]
    [InlineData("80", null, "first")] // by target port; the oldest membership first
    [InlineData("80", "second.default.svc.cluster.local", "second")] // as the client's proxy says
    [InlineData("90", null, null)]
    public void The_destination_service_is_guessed_for_telemetry(string port, string? forwardedHost, string? expected)
    {
        var mesh = new MeshBuilder().Service("first", "10.0.0.1", "1:80").Service("second", "10.0.0.2", "2:80")
            .Workload("pod", "10.1.0.9", "first second").Build();
        var pod = mesh.FindWorkload(MeshBuilder.Uid("pod"))!;

        var decision = Router.Route(new(pod, pod.Addresses[0], Authority.Of(pod.Addresses[0], ushort.Parse(port)), forwardedHost), mesh);

        Assert.Equal(expected, decision.Route?.DestinationService?.Name);
    }

    [Fact]
    public void Plaintext_to_the_proxys_own_ports_is_refused()
    {
        Assert.Equal("loop_detected", Router.RefusePlaintext(IPEndPoint.Parse("10.1.0.9:15006"))?.Reason.Name);
        Assert.Null(Router.RefusePlaintext(IPEndPoint.Parse("10.1.0.9:80")));
    }

    private static InboundRouter Router => new("", [.. Outbound.RoutingScene.ProxyPorts]);

    private static InboundDecision Route(MeshBuilder builder, string authority)
    {
        var mesh = builder.Build();
        var pod = mesh.FindWorkload(MeshBuilder.Uid("wp-1"))!;
        Assert.True(Authority.TryParse(authority, out var target));
        return Router.Route(new(pod, pod.Addresses[0], target, ForwardedHost: null), mesh);
    }

    private static string Answer(MeshBuilder builder, string authority)
    {
        var decision = Route(builder, authority);
        return decision.Route?.Upstream.ToString() ?? decision.Refusal!.Reason.Name;
    }
}
