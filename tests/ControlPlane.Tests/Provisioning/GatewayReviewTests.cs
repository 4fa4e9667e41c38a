using System.Text.Json;
using Ambient.ControlPlane.Provisioning;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Provisioning;

/// <summary>What the text of a gateway makes of its conditions.</summary>
public sealed class GatewayReviewTests
{
    private static readonly GatewayListener Mesh = new() { Name = "mesh", Port = 15008, Protocol = "HBONE" };

    [Fact]
    public void A_waypoint_as_it_should_be_is_accepted()
    {
        var status = Report(Gateway(Mesh));

        Assert.Equal([("Accepted", "True", "Accepted"), ("Programmed", "True", "Programmed"), ("ResolvedRefs", "True", "ResolvedRefs")], Reasons(status.Conditions));
        var listener = Assert.Single(status.Listeners!);
        Assert.Equal([("Accepted", "True", "Accepted"), ("Conflicted", "False", "NoConflicts"), ("Programmed", "True", "Programmed"), ("ResolvedRefs", "True", "ResolvedRefs")],
            Reasons(listener.Conditions));
        Assert.Equal(["GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute"], listener.SupportedKinds.Select(static kind => kind.Kind));
        Assert.Equal(7, listener.AttachedRoutes);
        Assert.All(status.Conditions!.Concat(listener.Conditions!), static condition => Assert.Equal(3, condition.ObservedGeneration));
    }

    [Theory]
    [InlineData("HTTP", 15008, null, "UnsupportedProtocol")]
    [InlineData("hbone", 15008, null, "UnsupportedProtocol")]
    [InlineData("HBONE", 15009, null, "PortUnavailable")]
    [InlineData("HBONE", 15008, "a.example.com", "UnsupportedValue")]
    public void Another_listener_alone_is_refused_with_its_gateway(string protocol, int port, string? host, string reason)
    {
        var status = Report(Gateway(new GatewayListener { Name = "odd", Port = port, Protocol = protocol, Hostname = host }));

        Assert.Equal([("Accepted", "False", "ListenersNotValid"), ("Programmed", "False", "Invalid"), ("ResolvedRefs", "True", "ResolvedRefs")], Reasons(status.Conditions));
        Assert.Equal([("Accepted", "False", reason), ("Conflicted", "False", "NoConflicts"), ("Programmed", "False", "Invalid"), ("ResolvedRefs", "True", "ResolvedRefs")],
            Reasons(Assert.Single(status.Listeners!).Conditions));
    }

    [Fact]
    public void Another_listener_beside_it_is_named_and_the_waypoint_runs()
    {
        var review = GatewayReview.Of(Gateway(new() { Name = "web", Port = 80, Protocol = "HTTP" }, Mesh));
        var status = Report(Gateway(new() { Name = "web", Port = 80, Protocol = "HTTP" }, Mesh));

        Assert.Equal("mesh", review.Tunnels!.Name);
        Assert.Equal(("Accepted", "True", "ListenersNotValid"), Reasons(status.Conditions)[0]);
        Assert.Equal(["False", "True"], status.Listeners!.Select(static listener => listener.Conditions![0].Status));
    }

    [Fact]
    public void Of_two_listeners_that_want_the_same_none_gets_it()
    {
        var status = Report(Gateway(Mesh, Mesh with { Name = "other" }));

        Assert.Equal(("Accepted", "False", "ListenersNotValid"), Reasons(status.Conditions)[0]);
        Assert.All(status.Listeners!, static listener => Assert.Contains(("Conflicted", "True", "ProtocolConflict"), Reasons(listener.Conditions)));
    }

    [Fact]
    public void Kinds_of_routes_that_do_not_exist_are_named_and_the_others_stay()
    {
        var status = Report(Gateway(Mesh with { AllowedRoutes = new() { Kinds = [new() { Kind = "HTTPRoute" }, new() { Kind = "CarRoute" }] } }));

        var listener = Assert.Single(status.Listeners!);
        Assert.Equal(["HTTPRoute"], listener.SupportedKinds.Select(static kind => kind.Kind));
        Assert.Contains(("ResolvedRefs", "False", "InvalidRouteKinds"), Reasons(listener.Conditions));
        Assert.Contains("CarRoute", listener.Conditions!.Single(static one => one.Type == "ResolvedRefs").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("service", null)]
    [InlineData("workload", null)]
    [InlineData("all", null)]
    [InlineData("none", null)]
    [InlineData("services", "Invalid")]
    [InlineData("", "Invalid")]
    public void What_a_waypoint_is_for_must_be_known(string value, string? reason)
    {
        var gateway = Gateway(Mesh);
        gateway = gateway with { Metadata = gateway.Metadata with { Labels = new Dictionary<string, string> { ["istio.io/waypoint-for"] = value } } };

        Assert.Equal(reason, GatewayReview.Of(gateway).Refusal?.Reason);
    }

    [Theory]
    [InlineData("networking.istio.io/service-type", "ClusterIP", null)]
    [InlineData("networking.istio.io/service-type", "NodePort", null)]
    [InlineData("networking.istio.io/service-type", "LoadBalancer", null)]
    [InlineData("networking.istio.io/service-type", "", null)]
    [InlineData("networking.istio.io/service-type", "ExternalName", "use ClusterIP, NodePort or LoadBalancer")]
    [InlineData("networking.istio.io/service-type", "clusterip", "use ClusterIP, NodePort or LoadBalancer")]
    [InlineData("networking.istio.io/address-type", "IPAddress", null)]
    [InlineData("networking.istio.io/address-type", "Hostname", null)]
    [InlineData("networking.istio.io/address-type", "IP", "use IPAddress or Hostname")]
    public void Annotations_about_the_service_must_be_known(string annotation, string value, string? told)
    {
        var gateway = Annotated(Gateway(Mesh), annotation, value);
        var accepted = Report(gateway).Conditions![0];

        Assert.Equal((told is null ? "True" : "False", told is null ? "Accepted" : "Invalid"), (accepted.Status, accepted.Reason));
        if (told is not null) Assert.Contains(told, accepted.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sidecar.istio.io/logLevel")]
    [InlineData("sidecar.istio.io/componentLogLevel")]
    [InlineData("sidecar.istio.io/agentLogLevel")]
    [InlineData("sidecar.istio.io/proxyImage")]
    [InlineData("proxy.istio.io/config")]
    [InlineData("gateway.istio.io/alias-for")]
    [InlineData("gateway.istio.io/tls-terminate-mode")]
    public void Annotations_without_effect_are_named_and_the_waypoint_runs(string annotation)
    {
        var (gateway, beside) = (Annotated(Gateway(Mesh), annotation, "x"), Annotated(Gateway(new() { Name = "web", Port = 80, Protocol = "HTTP" }, Mesh), annotation, "x"));
        var (accepted, listeners) = (Report(gateway).Conditions![0], Report(beside).Conditions![0]);

        Assert.Null(GatewayReview.Of(gateway).Refusal);
        Assert.Equal(("True", "UnsupportedValue"), (accepted.Status, accepted.Reason));
        Assert.Contains($"Without effect at a waypoint: {annotation}.", accepted.Message, StringComparison.Ordinal);
        Assert.Equal("ListenersNotValid", listeners.Reason);
        Assert.Contains(annotation, listeners.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tls")]
    [InlineData("backendTLS")]
    [InlineData("allowedListeners")]
    public void Fields_that_are_about_the_edge_are_named(string field)
    {
        var gateway = JsonSerializer.Deserialize($$$"""{"spec":{"gatewayClassName":"ambient-waypoint","{{{field}}}":{"a":[]},"listeners":[{"name":"mesh","port":15008,"protocol":"HBONE"}]} }""", KubernetesJson.Default.Gateway)!;

        Assert.Contains($"spec.{field}", Report(gateway).Conditions![0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("networking.istio.io/service-type", "NodePort")]
    [InlineData("networking.istio.io/service-type", "ExternalName")]
    [InlineData("networking.istio.io/address-type", "IP")]
    public void Where_others_run_it_annotations_about_the_service_have_no_effect(string annotation, string value)
    {
        var gateway = Annotated(Gateway(Mesh), annotation, value);
        gateway = gateway with { Spec = gateway.Spec! with { Addresses = [new() { Value = "10.0.0.7" }] } };

        Assert.Null(GatewayReview.Of(gateway).Refusal);
        Assert.Contains(annotation, Report(gateway).Conditions![0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "10.0.0.7", null)]
    [InlineData("IPAddress", "fd00::7", null)]
    [InlineData("Hostname", "proxy.example.com", null)]
    [InlineData("IPAddress", "", "UnsupportedAddress")]
    [InlineData("IPAddress", "seven", "UnsupportedAddress")]
    [InlineData("example.com/own", "x", "UnsupportedAddress")]
    public void Addresses_that_are_given_must_be_of_a_known_kind(string? type, string value, string? reason)
    {
        var gateway = Gateway(Mesh);
        gateway = gateway with { Spec = gateway.Spec! with { Addresses = [new() { Type = type, Value = value }] } };

        Assert.Equal(reason, GatewayReview.Of(gateway).Refusal?.Reason);
    }

    [Fact]
    public void What_the_status_says_already_is_recognised_with_the_words_of_others_beside_it()
    {
        var wanted = Report(Gateway(Mesh));
        var shown = GatewayReport.Dated(wanted, null, DateTimeOffset.UnixEpoch);
        var more = shown with { Conditions = [new() { Type = "example.com/Mine", Status = "True" }, .. shown.Conditions!] };
        var later = GatewayReport.Dated(wanted with { Conditions = [wanted.Conditions![0] with { Message = "x" }, wanted.Conditions[1] with { Status = "False" }] }, more, DateTimeOffset.MaxValue);

        Assert.True(GatewayReport.IsSaid(wanted, more));
        Assert.False(GatewayReport.IsSaid(wanted, null));
        Assert.False(GatewayReport.IsSaid(wanted, more with { Addresses = [] }));
        Assert.Equal([DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue], later.Conditions!.Select(static condition => condition.LastTransitionTime!.Value));
    }

    private static Gateway Gateway(params GatewayListener[] listeners) => new()
    {
        Metadata = new() { Name = "waypoint", Namespace = "demo", Generation = 3 },
        Spec = new() { GatewayClassName = "ambient-waypoint", Listeners = listeners },
    };

    private static Gateway Annotated(Gateway gateway, string annotation, string value) =>
        gateway with { Metadata = gateway.Metadata with { Annotations = new Dictionary<string, string> { [annotation] = value } } };

    private static GatewayStatus Report(Gateway gateway)
    {
        var review = GatewayReview.Of(gateway);
        return GatewayReport.Of(gateway, review, new(review.Refusal, null, [new() { Type = "IPAddress", Value = "10.0.0.1" }]), static _ => 7);
    }

    private static List<(string, string, string?)> Reasons(IReadOnlyList<Condition>? conditions) => [.. conditions!.Select(static one => (one.Type, one.Status, one.Reason))];
}
