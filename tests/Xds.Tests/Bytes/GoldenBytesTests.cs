using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Policies;
using Ambient.Model.Workloads;
using Ambient.Protos.Xds;
using Ambient.Xds.Mapping;
using Ambient.Xds.Server;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Authorization = Ambient.Protos.Security.Authorization;
using GatewayAddress = Ambient.Model.Workloads.GatewayAddress;
using NetworkAddress = Ambient.Model.Addresses.NetworkAddress;
using NetworkMode = Ambient.Model.Workloads.NetworkMode;
using Service = Ambient.Model.Workloads.Service;
using TunnelProtocol = Ambient.Model.Workloads.TunnelProtocol;
using Workload = Ambient.Model.Workloads.Workload;
using WorkloadStatus = Ambient.Model.Workloads.WorkloadStatus;
using WorkloadType = Ambient.Model.Workloads.WorkloadType;

namespace Ambient.Xds.Tests.Bytes;

/// <summary>Every message of the discovery contract against bytes written by field number, as Istio's proto files have them.</summary>
public sealed class GoldenBytesTests
{
    [Fact]
    public void A_workload_with_every_field_has_the_bytes_of_the_contract()
    {
        var workload = new Workload
        {
            Uid = "c1//Pod/shop/web-0",
            Name = "web-0",
            Namespace = "shop",
            Addresses = [IPAddress.Parse("10.1.0.9"), IPAddress.Parse("2001:db8::9")],
            Network = "n1",
            Protocol = TunnelProtocol.Hbone,
            TrustDomain = "td.example",
            ServiceAccount = "web",
            Waypoint = new(new ServiceKey("shop", "wp.shop.svc"), 15008),
            Node = "node-1",
            CanonicalName = "web",
            CanonicalRevision = "v1",
            Type = WorkloadType.Job,
            WorkloadName = "web-job",
            NativeTunnel = true,
            AuthorizationPolicies = ["shop/allow-web"],
            Status = WorkloadStatus.Unhealthy,
            ClusterId = "c1",
            NetworkGateway = new(new NetworkAddress("n2", IPAddress.Parse("192.0.2.1")), 15009),
            Hostname = "web.example",
            Services = [new(new("shop", "web.shop.svc"), new(new PortMapping(80, 8080)))],
            ApplicationTunnel = new(ApplicationTunnelProtocol.Proxy, 15088),
            Locality = new("eu", "eu-a", "rack1"),
            NetworkMode = NetworkMode.HostNetwork,
            Capacity = 3,
        };
        var golden = RawMessage.Of.Text(1, "web-0").Text(2, "shop").Data(3, 10, 1, 0, 9).Data(3, IPAddress.Parse("2001:db8::9").GetAddressBytes()).Text(4, "n1")
            .Number(5, 1).Text(6, "td.example").Text(7, "web")
            .Message(8, RawMessage.Of.Message(1, RawMessage.Of.Text(1, "shop").Text(2, "wp.shop.svc")).Number(3, 15008))
            .Text(9, "node-1").Text(10, "web").Text(11, "v1").Number(12, 3).Text(13, "web-job").Number(14, 1).Text(16, "shop/allow-web").Number(17, 1)
            .Text(18, "c1").Message(19, RawMessage.Of.Message(2, RawMessage.Of.Text(1, "n2").Data(2, 192, 0, 2, 1)).Number(3, 15009))
            .Text(20, "c1//Pod/shop/web-0").Text(21, "web.example")
            .Message(22, RawMessage.Of.Text(1, "shop/web.shop.svc").Message(2, RawMessage.Of.Message(1, RawMessage.Of.Number(1, 80).Number(2, 8080))))
            .Message(23, RawMessage.Of.Number(1, 1).Number(2, 15088))
            .Message(24, RawMessage.Of.Text(1, "eu").Text(2, "eu-a").Text(3, "rack1")).Number(25, 1).Message(27, RawMessage.Of.Number(1, 3));

        Assert.Equal(RawMessage.Of.Message(1, golden).Bytes, new Protos.Workloads.Address { Workload = WorkloadMapping.ToWire(workload) }.ToByteArray());
        Assert.Equal(workload, WorkloadMapping.ToModel(Protos.Workloads.Workload.Parser.ParseFrom(golden.Bytes), new()));
    }

    [Fact]
    public void A_service_with_every_field_has_the_bytes_of_the_contract()
    {
        var service = new Service
        {
            Name = "web",
            Namespace = "shop",
            Hostname = "web.shop.svc",
            Vips = [new("n1", IPAddress.Parse("10.96.0.1"))],
            CidrVips = [new("n1", IpPrefix.Parse("10.97.0.0/16"))],
            Ports = new(new PortMapping(80, 8080, Model.Workloads.AppProtocol.Grpc), new PortMapping(443, 0)),
            SubjectAltNames = ["spiffe://td/ns/shop/sa/web"],
            Waypoint = new(new NetworkAddress("", IPAddress.Parse("10.96.0.2")), 15008),
            LoadBalancing = new()
            {
                RoutingPreferences = [LocalityScope.Network, LocalityScope.Zone], Mode = LoadBalancingMode.Failover, HealthPolicy = HealthPolicy.AllowAll,
            },
            IpFamilies = IpFamilies.Dual,
            Canonical = true,
            IngressUseWaypoint = true,
            WeightedWaypoints = [new(new GatewayAddress(new ServiceKey("shop", "wp2.shop.svc"), 15008), 20)],
            Visibility = Visibility.Namespace,
        };
        var golden = RawMessage.Of.Text(1, "web").Text(2, "shop").Text(3, "web.shop.svc")
            .Message(4, RawMessage.Of.Text(1, "n1").Data(2, 10, 96, 0, 1)).Message(4, RawMessage.Of.Text(1, "n1").Data(2, 10, 97, 0, 0).Number(3, 16))
            .Message(5, RawMessage.Of.Number(1, 80).Number(2, 8080).Number(3, 3)).Message(5, RawMessage.Of.Number(1, 443))
            .Text(6, "spiffe://td/ns/shop/sa/web").Message(7, RawMessage.Of.Message(2, RawMessage.Of.Data(2, 10, 96, 0, 2)).Number(3, 15008))
            .Message(8, RawMessage.Of.Data(1, 6, 2).Number(2, 2).Number(3, 1)).Number(9, 3).Number(11, 1).Number(12, 1)
            .Message(13, RawMessage.Of.Message(1, RawMessage.Of.Message(1, RawMessage.Of.Text(1, "shop").Text(2, "wp2.shop.svc")).Number(3, 15008)).Number(2, 20))
            .Number(14, 1);

        Assert.Equal(RawMessage.Of.Message(2, golden).Bytes, new Protos.Workloads.Address { Service = ServiceMapping.ToWire(service) }.ToByteArray());
        Assert.Equal(service, ServiceMapping.ToModel(Protos.Workloads.Service.Parser.ParseFrom(golden.Bytes), new()));
    }

    [Fact]
    public void A_policy_with_every_field_has_the_bytes_of_the_contract()
    {
        var policy = new AuthorizationPolicy
        {
            Name = "p",
            Namespace = "shop",
            Scope = PolicyScope.WorkloadSelector,
            Action = PolicyAction.Deny,
            DryRun = true,
            Rules = [new([new([new PolicyMatch
            {
                Namespaces = [StringMatcher.Exact("a")],
                NotNamespaces = [StringMatcher.Prefix("b")],
                Principals = [StringMatcher.Suffix("c")],
                NotPrincipals = [StringMatcher.Presence],
                SourceIps = [IpPrefix.Parse("10.0.0.0/8")],
                NotSourceIps = [IpPrefix.Parse("10.1.0.0/16")],
                DestinationIps = [IpPrefix.Parse("10.2.0.1")],
                NotDestinationIps = [IpPrefix.Parse("2001:db8::/32")],
                DestinationPorts = [80, 443],
                NotDestinationPorts = [22],
                ServiceAccounts = [new("shop", "web")],
                NotServiceAccounts = [new("shop", "bad")],
            }])])],
        };
        var match = RawMessage.Of.Message(1, RawMessage.Of.Text(1, "a")).Message(2, RawMessage.Of.Text(2, "b")).Message(3, RawMessage.Of.Text(3, "c"))
            .Message(4, RawMessage.Of.Message(4, RawMessage.Of))
            .Message(5, RawMessage.Of.Data(1, 10, 0, 0, 0).Number(2, 8)).Message(6, RawMessage.Of.Data(1, 10, 1, 0, 0).Number(2, 16))
            .Message(7, RawMessage.Of.Data(1, 10, 2, 0, 1).Number(2, 32)).Message(8, RawMessage.Of.Data(1, IPAddress.Parse("2001:db8::").GetAddressBytes()).Number(2, 32))
            .Data(9, 80, 0xBB, 0x03).Data(10, 22)
            .Message(11, RawMessage.Of.Text(1, "shop").Text(2, "web")).Message(12, RawMessage.Of.Text(1, "shop").Text(2, "bad"));
        var golden = RawMessage.Of.Text(1, "p").Text(2, "shop").Number(3, 2).Number(4, 1)
            .Message(5, RawMessage.Of.Message(1, RawMessage.Of.Message(2, match))).Number(6, 1);

        Assert.Equal(golden.Bytes, PolicyMapping.ToWire(policy).ToByteArray());
        Assert.Equal(policy, PolicyMapping.ToModel(Authorization.Parser.ParseFrom(golden.Bytes), new()));
    }

    [Fact]
    public void A_request_has_the_bytes_of_the_contract()
    {
        var request = new DeltaDiscoveryRequest
        {
            Node = new() { Id = "ztunnel~1.1.1.1~zt.istio-system~istio-system.svc.cluster.local", Cluster = "c", BuildVersion = "b", Metadata = new() { Fields = { ["NAME"] = Value.ForString("zt") } } },
            TypeUrl = "type.googleapis.com/istio.workload.Address",
            ResourceNamesSubscribe = { "*" },
            ResourceNamesUnsubscribe = { "*" },
            InitialResourceVersions = { ["u1"] = "ab" },
            ResponseNonce = "7",
            ErrorDetail = new() { Code = 3, Message = "u1: bad", Details = { new Any { TypeUrl = "t" } } },
        };
        var golden = RawMessage.Of
            .Message(1, RawMessage.Of.Text(1, "ztunnel~1.1.1.1~zt.istio-system~istio-system.svc.cluster.local").Text(2, "c")
                .Message(3, RawMessage.Of.Message(1, RawMessage.Of.Text(1, "NAME").Message(2, RawMessage.Of.Text(3, "zt")))).Text(5, "b"))
            .Text(2, "type.googleapis.com/istio.workload.Address").Text(3, "*").Text(4, "*").Message(5, RawMessage.Of.Text(1, "u1").Text(2, "ab")).Text(6, "7")
            .Message(7, RawMessage.Of.Number(1, 3).Text(2, "u1: bad").Message(3, RawMessage.Of.Text(1, "t")));

        Assert.Equal(golden.Bytes, request.ToByteArray());
    }

    [Fact]
    public void A_response_has_the_bytes_of_the_contract()
    {
        var response = new DeltaDiscoveryResponse
        {
            SystemVersionInfo = "s",
            Resources = { new Resource { Version = "ab", Resource_ = new() { TypeUrl = "t", Value = ByteString.CopyFrom(1, 2) }, Name = "n", Aliases = { "a1", "a2" },
                Ttl = new() { Seconds = 5 }, CacheControl = new() { DoNotCache = true } } },
            TypeUrl = "t",
            Nonce = "1",
            RemovedResources = { "gone" },
        };
        var golden = RawMessage.Of.Text(1, "s")
            .Message(2, RawMessage.Of.Text(1, "ab").Message(2, RawMessage.Of.Text(1, "t").Data(2, 1, 2)).Text(3, "n").Text(4, "a1").Text(4, "a2")
                .Message(6, RawMessage.Of.Number(1, 5)).Message(7, RawMessage.Of.Number(1, 1)))
            .Text(4, "t").Text(5, "1").Text(6, "gone");

        Assert.Equal(golden.Bytes, response.ToByteArray());
    }

    [Fact]
    public void A_response_composed_of_encoded_parts_is_the_same_message()
    {
        var writer = new ResponseWriter(new("type.example/T", new()), 1 << 20);
        var resource = new PublishedResource("name", [1, 2, 3]) { Aliases = ["a1", "n/ä"] };
        Assert.True(writer.TryAdd(resource, withAliases: true));
        Assert.True(writer.TryRemove("gone"));

        var read = DeltaDiscoveryResponse.Parser.ParseFrom(writer.Finish("info", "n1"));

        Assert.Equal(new DeltaDiscoveryResponse
        {
            SystemVersionInfo = "info", TypeUrl = "type.example/T", Nonce = "n1", RemovedResources = { "gone" },
            Resources = { new Resource { Name = "name", Version = resource.Version.ToString("x16"), Aliases = { "a1", "n/ä" },
                Resource_ = new() { TypeUrl = "type.example/T", Value = ByteString.CopyFrom(1, 2, 3) } } },
        }, read);
    }

    [Fact]
    public void The_method_has_the_path_that_others_serve() =>
        Assert.Equal("/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources", DiscoveryService.Delta.Path);
}
