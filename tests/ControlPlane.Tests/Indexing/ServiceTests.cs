using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Workloads;
using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What Services and ServiceEntries become.</summary>
public sealed class ServiceTests
{
    [Fact]
    public void A_service_is_published_with_its_name_addresses_and_ports()
    {
        var mesh = new IndexedMesh(Namespace("istio-system", "topology.istio.io/network=east"),
            Service("shop/web", "app=web", "http:80:8080 grpc:81:named tcp:82:82", "10.96.0.1 fd00::1"));

        var service = mesh.Service("shop/web");

        Assert.Equal(("web", "shop", "web.shop.svc.cluster.local"), (service.Name, service.Namespace, service.Hostname));
        Assert.Equal(["east/10.96.0.1", "east/fd00::1"], service.Vips.Select(static vip => vip.ToString()));
        Assert.Equal([new(80, 8080, AppProtocol.Http11), new(81, 0, AppProtocol.Grpc), new(82, 82, AppProtocol.Tcp)], service.Ports.Entries);
        Assert.True(service.Canonical);
        Assert.Equal((Visibility.Public, LoadBalancing.Default), (service.Visibility, service.LoadBalancing));
    }

    [Fact]
    public void An_external_name_is_no_service_and_a_headless_one_has_no_address()
    {
        var external = Service("ext");
        var mesh = new IndexedMesh(external with { Spec = external.Spec! with { Type = "ExternalName" } }, Service("headless", "app=x", vips: "None"));

        Assert.Null(mesh.FindService("ext"));
        Assert.True(mesh.Service("headless").Vips.IsEmpty);
    }

    [Theory]
    [InlineData(null, "http-web", AppProtocol.Http11)]
    [InlineData(null, "http2", AppProtocol.Http2)]
    [InlineData(null, "grpc-x", AppProtocol.Grpc)]
    [InlineData(null, "https", AppProtocol.Tls)]
    [InlineData(null, "tls-x", AppProtocol.Tls)]
    [InlineData(null, "tcp-db", AppProtocol.Tcp)]
    [InlineData(null, "mongo", AppProtocol.Unknown)]
    [InlineData(null, "", AppProtocol.Unknown)]
    [InlineData("grpc", "http", AppProtocol.Grpc)]
    [InlineData("kubernetes.io/h2c", "x", AppProtocol.Http2)]
    [InlineData("kubernetes.io/ws", "x", AppProtocol.Http11)]
    [InlineData("example.com/custom", "http", AppProtocol.Unknown)]
    public void What_a_port_speaks_is_its_app_protocol_or_the_start_of_its_name(string? appProtocol, string name, AppProtocol expected)
    {
        var service = Service("web");
        var mesh = new IndexedMesh(service with { Spec = service.Spec! with { Ports = [new() { Port = 80, Name = name, AppProtocol = appProtocol }] } });

        Assert.Equal(expected, mesh.Service("web").Ports.Entries[0].AppProtocol);
    }

    [Fact]
    public void Only_tcp_ports_are_carried_and_bad_ones_are_reported()
    {
        var service = Service("web");
        var mesh = new IndexedMesh(service with
        {
            Spec = service.Spec! with
            {
                Ports = [new() { Port = 53, Protocol = "UDP" }, new() { Port = 70000 }, new() { Port = 80, TargetPort = new(-1) }, new() { Port = 443 }],
            },
        });

        Assert.Equal(443, Assert.Single(mesh.Service("web").Ports.Entries).ServicePort);
        Assert.Equal(["spec.ports[1].port", "spec.ports[2].targetPort"], mesh.Index.Diagnostics.Select(static line => line.Field));
    }

    [Theory]
    [InlineData("Local", "PreferClose", "", "", LoadBalancingMode.Strict, 1)]
    [InlineData(null, "PreferClose", "", "", LoadBalancingMode.Failover, 3)]
    [InlineData(null, "PreferSameZone", "PreferSameNode", "", LoadBalancingMode.Failover, 3)]
    [InlineData(null, "PreferSameNode", "", "", LoadBalancingMode.Failover, 5)]
    [InlineData(null, null, "prefersamenode", "PreferClose", LoadBalancingMode.Failover, 5)]
    [InlineData(null, null, "", "PreferClose", LoadBalancingMode.Failover, 3)]
    [InlineData(null, null, "", "", LoadBalancingMode.Standard, 0)]
    [InlineData(null, "Sideways", "", "", LoadBalancingMode.Standard, 0)]
    public void How_near_endpoints_are_is_the_objects_word_then_its_annotation_then_its_namespaces(
        string? policy, string? word, string annotation, string inherited, LoadBalancingMode mode, int preferences)
    {
        const string Key = "networking.istio.io/traffic-distribution=";
        var service = Service("web", annotations: annotation.Length > 0 ? Key + annotation : "");
        var mesh = new IndexedMesh(
            Namespace("default", annotations: inherited.Length > 0 ? Key + inherited : ""),
            service with { Spec = service.Spec! with { InternalTrafficPolicy = policy, TrafficDistribution = word } });

        Assert.Equal((mode, preferences), (mesh.Service("web").LoadBalancing.Mode, mesh.Service("web").LoadBalancing.RoutingPreferences.Count));
    }

    [Fact]
    public void A_service_that_publishes_unready_endpoints_does_not_make_others_do_so()
    {
        var service = Service("eager");
        var mesh = new IndexedMesh(
            service with { Spec = service.Spec! with { PublishNotReadyAddresses = true, TrafficDistribution = "PreferClose" } },
            Service("other", annotations: "networking.istio.io/traffic-distribution=PreferClose"));

        Assert.Equal(HealthPolicy.AllowAll, mesh.Service("eager").LoadBalancing.HealthPolicy);
        Assert.Equal(HealthPolicy.OnlyHealthy, mesh.Service("other").LoadBalancing.HealthPolicy);
        Assert.Equal(LoadBalancingMode.Failover, mesh.Service("eager").LoadBalancing.Mode);
    }

    [Theory]
    [InlineData("IPv4", IpFamilies.IPv4Only)]
    [InlineData("IPv6", IpFamilies.IPv6Only)]
    [InlineData("IPv4 IPv6", IpFamilies.Dual)]
    [InlineData("", IpFamilies.Automatic)]
    public void Address_families_are_the_services(string families, IpFamilies expected)
    {
        var service = Service("web");
        var mesh = new IndexedMesh(service with { Spec = service.Spec! with { IpFamilies = families.Split(' ', StringSplitOptions.RemoveEmptyEntries) } });

        Assert.Equal(expected, mesh.Service("web").IpFamilies);
    }

    [Fact]
    public void A_service_entry_becomes_one_service_for_each_host()
    {
        var entry = ServiceEntry("entry", "X.example.com y.example.com", addresses: "10.7.0.1 10.8.0.0/16 bad", ports: "http:80:8080");
        var mesh = new IndexedMesh(entry with { Spec = entry.Spec! with { SubjectAltNames = ["spiffe://a/ns/b/sa/c"] } });

        var service = mesh.Service("x.example.com");
        Assert.Equal("/10.7.0.1", Assert.Single(service.Vips).ToString());
        Assert.Equal("/10.8.0.0/16", Assert.Single(service.CidrVips).ToString());
        Assert.Equal("spiffe://a/ns/b/sa/c", Assert.Single(service.SubjectAltNames));
        Assert.NotNull(mesh.FindService("y.example.com"));
        Assert.Equal("spec.addresses[2]", Assert.Single(mesh.Index.Diagnostics).Field);
    }

    [Fact]
    public void Without_resolution_the_clients_own_address_is_used_and_every_endpoint()
    {
        var service = new IndexedMesh(ServiceEntry("entry", "x.example.com", "NONE")).Service("x.example.com");

        Assert.Equal((LoadBalancingMode.Passthrough, HealthPolicy.AllowAll), (service.LoadBalancing.Mode, service.LoadBalancing.HealthPolicy));
    }

    [Theory]
    [InlineData("DNS", "", "x.example.com", true, 1)]
    [InlineData("STATIC", "", "x.example.com", true, 1)]
    [InlineData("NONE", "", "x.example.com", true, 0)]
    [InlineData("DNS", "10.7.0.9", "x.example.com", true, 1)] // its own, not the allocated one
    [InlineData("DNS", "", "*.example.com", true, 0)]
    [InlineData("DYNAMIC_DNS", "", "*.example.com", true, 1)]
    [InlineData("DNS", "", "x.example.com", false, 0)]
    public void Allocated_addresses_are_used_where_they_lead_somewhere(string resolution, string addresses, string host, bool enabled, int count)
    {
        var entry = ServiceEntry("entry", $"{host} other.example.com", resolution, addresses, labels: enabled ? "" : "networking.istio.io/enable-autoallocate-ip=false");
        var mesh = new IndexedMesh(entry with
        {
            Status = new() { Addresses = [new() { Value = "240.240.0.1", Host = host }, new() { Value = "240.240.0.2", Host = "other.example.com" }] },
        });

        var vips = mesh.Service(host).Vips;
        Assert.Equal(count, vips.Count);
        if (count > 0) Assert.Equal(addresses.Length > 0 ? "/10.7.0.9" : "/240.240.0.1", vips[0].ToString());
    }

    [Fact]
    public void Of_one_host_and_namespace_the_service_wins_then_the_oldest_entry()
    {
        var young = ServiceEntry("young", "x.example.com web.default.svc.cluster.local", addresses: "10.7.0.2");
        var old = ServiceEntry("old", "x.example.com", age: 5, addresses: "10.7.0.1");
        var mesh = new IndexedMesh(Service("web"), young, old);

        Assert.Equal("/10.96.0.1", mesh.Service("web").Vips[0].ToString());
        Assert.Equal("/10.7.0.1", mesh.Service("x.example.com").Vips[0].ToString());

        mesh.Remove(old);

        Assert.Equal("/10.7.0.2", mesh.Service("x.example.com").Vips[0].ToString());
    }

    [Fact]
    public void Of_one_host_the_oldest_that_everybody_may_see_is_canonical()
    {
        const string Config = """
            serviceEntryVisibility:
              defaultVisibility: PUBLIC
              policies:
              - visibility: NAMESPACE
                matchingRules:
                - namespaceSelector: { matchLabels: { hidden: "yes" } }
              - visibility: NONE
                matchingRules:
                - namespaceSelector: { matchLabels: { gone: "yes" } }
            """;
        var mesh = new IndexedMesh(MeshConfig(Config), Namespace("a", "hidden=yes"), Namespace("d", "gone=yes"),
            ServiceEntry("a/one", "x.example.com", age: 9), ServiceEntry("b/two", "x.example.com", age: 5), ServiceEntry("c/three", "x.example.com"),
            ServiceEntry("d/four", "x.example.com", age: 20, endpoints: new WorkloadEntrySpec { Address = "10.0.0.1" }));

        Assert.Equal((false, Visibility.Namespace), (mesh.Service("a/x.example.com").Canonical, mesh.Service("a/x.example.com").Visibility));
        Assert.True(mesh.Service("b/x.example.com").Canonical);
        Assert.False(mesh.Service("c/x.example.com").Canonical);
        Assert.Null(mesh.FindService("d/x.example.com"));
        Assert.Empty(mesh.Snapshot.Workloads);
        Assert.Equal("Namespace", mesh.Condition("istio.io/VisibilityApplied", "a/one")!.Reason);
        Assert.Equal("Public", mesh.Condition("istio.io/VisibilityApplied", "b/two")!.Reason);
    }

    [Theory]
    [InlineData(".", "Namespace", "True", "as exportTo says")]
    [InlineData("default", "Namespace", "True", "as exportTo says")]
    [InlineData(". ~", "Namespace", "True", "as exportTo says")]
    [InlineData("~", null, "True", "Visible to nobody, as exportTo says")]
    [InlineData("*", "Public", null, null)]
    [InlineData(". *", "Public", null, null)]
    [InlineData("", "Public", null, null)]
    [InlineData(". shop", "Public", "False", "visible to all clients")]
    public void An_entry_is_seen_by_those_whom_it_is_exported_to(string exportTo, string? visibility, string? status, string? told)
    {
        var mesh = new IndexedMesh(Exported(exportTo));

        Assert.Equal(visibility, mesh.FindService("default/x.example.com")?.Visibility.ToString());
        var condition = mesh.Condition("istio.io/VisibilityApplied", "entry");
        Assert.Equal(status, condition?.Status);
        Assert.Contains(told ?? "", condition?.Message ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PUBLIC", ".", "Namespace", "as exportTo says")]
    [InlineData("NAMESPACE", "*", "Namespace", "as the mesh configuration says")]
    [InlineData("NAMESPACE", "~", null, "Visible to nobody, as exportTo says")]
    [InlineData("NONE", ".", null, "Visible to nobody, as the mesh configuration says")]
    [InlineData("NAMESPACE", "shop", "Namespace", "as the mesh configuration says")]
    [InlineData("PUBLIC", "shop", "Public", "not honoured")]
    public void Of_its_own_word_and_the_mesh_configurations_the_narrower_holds(string configured, string exportTo, string? visibility, string told)
    {
        var mesh = new IndexedMesh(MeshConfig($"serviceEntryVisibility: {{defaultVisibility: {configured}}}"), Exported(exportTo));

        Assert.Equal(visibility, mesh.FindService("default/x.example.com")?.Visibility.ToString());
        Assert.Contains(told, mesh.Condition("istio.io/VisibilityApplied", "entry")!.Message, StringComparison.Ordinal);
    }

    private static ServiceEntry Exported(string exportTo)
    {
        var entry = ServiceEntry("entry", "x.example.com");
        return entry with { Spec = entry.Spec! with { ExportTo = exportTo.Split(' ', StringSplitOptions.RemoveEmptyEntries) } };
    }

    [Fact]
    public void Visibility_is_not_spoken_of_unless_it_is_configured() =>
        Assert.Null(new IndexedMesh(ServiceEntry("entry", "x.example.com")).Condition("istio.io/VisibilityApplied", "entry"));

    [Fact]
    public void Objects_of_another_revision_are_left_to_it()
    {
        var mesh = new IndexedMesh(ServiceEntry("entry", "x.example.com", labels: "istio.io/rev=canary"), ServiceEntry("ours", "y.example.com", labels: "istio.io/rev=default"));

        Assert.Null(mesh.FindService("x.example.com"));
        Assert.NotNull(mesh.FindService("y.example.com"));
    }

    [Fact]
    public void Namespaces_that_discovery_leaves_out_are_invisible_and_the_root_never_is()
    {
        var mesh = new IndexedMesh(
            MeshConfig("discoverySelectors:\n- matchExpressions:\n  - {key: mesh, operator: In, values: [\"on\"]}"),
            Namespace("in", "mesh=on"), Namespace("out", "mesh=off"),
            Pod("in/a", "10.0.0.1"), Pod("out/b", "10.0.0.2"), Service("out/svc"), Pod("unknown/c", "10.0.0.3"), Policy("istio-system/all", "DENY"));

        Assert.NotNull(mesh.FindPod("in/a"));
        Assert.Null(mesh.FindPod("out/b"));
        Assert.Null(mesh.FindPod("unknown/c"));
        Assert.Null(mesh.FindService("out/svc"));
        Assert.Equal(1, mesh.Snapshot.PolicyCount);

        mesh.Set(Namespace("out", "mesh=on"));

        Assert.NotNull(mesh.FindPod("out/b"));
        Assert.NotNull(mesh.FindService("out/svc"));
    }

    [Fact]
    public void Gateways_to_other_networks_are_published_where_that_is_asked_for()
    {
        var gateway = Waypoint("istio-system/west-gw");
        var remote = gateway with
        {
            Metadata = gateway.Metadata with { Labels = Labels("topology.istio.io/network=west") },
            Spec = new()
            {
                GatewayClassName = "istio-remote",
                Addresses = [new() { Value = "192.0.2.7" }],
                Listeners = [new() { Name = "hbone", Port = 15009, Protocol = "HBONE", Tls = new() { Mode = "Terminate" } }],
            },
        };
        var mesh = new IndexedMesh(new IndexOptions { MultiNetwork = true });
        mesh.Set(remote, WorkloadEntry("vm", "10.6.0.1", network: "west"));

        var workload = mesh.Snapshot.FindWorkload("NetworkGateway/west/192.0.2.7/15009")!;
        Assert.Equal(("west", "west-gw-istio-remote", TunnelProtocol.Hbone), (workload.Network, workload.ServiceAccount, workload.Protocol));
        Assert.Equal("west/192.0.2.7:15009", mesh.Snapshot.FindWorkload("Kubernetes/networking.istio.io/WorkloadEntry/default/vm")!.NetworkGateway!.ToString());
        Assert.Empty(new IndexedMesh(remote).Snapshot.Workloads);

        mesh.Remove(remote);

        Assert.Null(mesh.Snapshot.FindWorkload("NetworkGateway/west/192.0.2.7/15009"));
        Assert.Null(mesh.Snapshot.FindWorkload("Kubernetes/networking.istio.io/WorkloadEntry/default/vm")!.NetworkGateway);
    }
}
