using System.Net;
using Ambient.Model.Connections;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.Model.Workloads;
using Ambient.Protos.Security;
using Ambient.Xds.Mapping;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Authorization = Ambient.Protos.Security.Authorization;
using Wire = Ambient.Protos.Workloads;

namespace Ambient.Xds.Tests.Mapping;

public sealed class MappingTests
{
    [Fact]
    public void Workloads_come_back_as_they_were() => Prop.ForAll(ModelGenerators.Workloads, static workload =>
        WorkloadMapping.ToModel(Wire.Workload.Parser.ParseFrom(WorkloadMapping.ToWire(workload).ToByteArray()), new()).Equals(workload)).QuickCheckThrowOnFailure();

    [Fact]
    public void Services_come_back_as_they_were() => Prop.ForAll(ModelGenerators.Services, static service =>
        ServiceMapping.ToModel(Wire.Service.Parser.ParseFrom(ServiceMapping.ToWire(service).ToByteArray()), new()).Equals(service)).QuickCheckThrowOnFailure();

    [Fact]
    public void Policies_come_back_as_they_were() => Prop.ForAll(ModelGenerators.Policies, static policy =>
        PolicyMapping.ToModel(Authorization.Parser.ParseFrom(PolicyMapping.ToWire(policy).ToByteArray()), new()).Equals(policy)).QuickCheckThrowOnFailure();

    [Fact]
    public void Equal_workloads_give_equal_bytes_in_whatever_order_their_services_stand()
    {
        var one = new ServiceMembership(new("a", "x"), new(new PortMapping(1, 2)));
        var two = new ServiceMembership(new("b", "x"), new(new PortMapping(1, 2)));

        Assert.Equal(WorkloadMapping.ToWire(new() { Uid = "u", Services = [one, two] }).ToByteArray(), WorkloadMapping.ToWire(new() { Uid = "u", Services = [two, one] }).ToByteArray());
    }

    [Fact]
    public void What_messages_leave_out_has_its_default()
    {
        var workload = WorkloadMapping.ToModel(new() { Uid = "u" }, new());

        Assert.Equal("spiffe://cluster.local/ns//sa/default", workload.Identity.ToString());
        Assert.Equal(("Kubernetes", 1u, new Locality("", "", ""), WorkloadType.Deployment), (workload.ClusterId, workload.Capacity, workload.Locality, workload.Type));
        Assert.Null(WorkloadMapping.ToModel(new() { Uid = "u", ApplicationTunnel = new() { Port = 0 } }, new()).ApplicationTunnel!.Port);
    }

    [Fact]
    public void Unknown_values_for_information_are_taken_for_the_usual_ones()
    {
        Assert.Equal(WorkloadType.Deployment, WorkloadMapping.ToModel(new() { Uid = "u", WorkloadType = (Wire.WorkloadType)9 }, new()).Type);
        Assert.Equal(Visibility.Public, ServiceMapping.ToModel(new() { Hostname = "h", Visibility = (Wire.Service.Types.Visibility)9 }, new()).Visibility);
        Assert.Equal(AppProtocol.Unknown, ServiceMapping.ToModel(new() { Hostname = "h", Ports = { new Wire.Port { AppProtocol = (Wire.AppProtocol)9 } } }, new()).Ports.Entries[0].AppProtocol);
    }

    public static TheoryData<string, Wire.Workload> BadWorkloads => new()
    {
        { "a workload has no uid", new() },
        { "the tunnel protocol LEGACY_ISTIO_MTLS is not for node proxies", new() { Uid = "u", TunnelProtocol = Wire.TunnelProtocol.LegacyIstioMtls } },
        { "the tunnel protocol 9 is not known", new() { Uid = "u", TunnelProtocol = (Wire.TunnelProtocol)9 } },
        { "the network mode 9 is not known", new() { Uid = "u", NetworkMode = (Wire.NetworkMode)9 } },
        { "the status 9 is not known", new() { Uid = "u", Status = (Wire.WorkloadStatus)9 } },
        { "the application tunnel 9 is not known", new() { Uid = "u", ApplicationTunnel = new() { Protocol = (Wire.ApplicationTunnel.Types.Protocol)9 } } },
        { "an IP address has 5 bytes; it must have 4 or 16", new() { Uid = "u", Addresses = { ByteString.CopyFrom(1, 2, 3, 4, 5) } } },
        { "the service 'web' is not of the form namespace/hostname", new() { Uid = "u", Services = { ["web"] = new() } } },
        { "a waypoint or gateway has neither host name nor address", new() { Uid = "u", Waypoint = new() } },
        { "70000 is not a port; the highest is 65535", new() { Uid = "u", Services = { ["a/b"] = new() { Ports = { new Wire.Port { ServicePort = 70000 } } } } } },
        { "'a/b' contains '/', which separates the parts of a SPIFFE id.", new() { Uid = "u", Namespace = "a/b" } },
    };

    [Theory]
    [MemberData(nameof(BadWorkloads))]
    public void A_workload_that_makes_no_sense_is_refused_with_the_reason(string reason, Wire.Workload wire) =>
        Assert.Equal(reason, Assert.ThrowsAny<ArgumentException>(() => WorkloadMapping.ToModel(wire, new())).Message);

    public static TheoryData<string, Wire.Service> BadServices => new()
    {
        { "the host name '' of a service is empty or has a '/'", new() },
        { "the routing preference 0 is not known", new() { Hostname = "h", LoadBalancing = new() { RoutingPreference = { Wire.LoadBalancing.Types.Scope.UnspecifiedScope } } } },
        { "the load balancing mode 9 is not known", new() { Hostname = "h", LoadBalancing = new() { Mode = (Wire.LoadBalancing.Types.Mode)9 } } },
        { "the health policy 9 is not known", new() { Hostname = "h", LoadBalancing = new() { HealthPolicy = (Wire.LoadBalancing.Types.HealthPolicy)9 } } },
        { "the IP families 9 is not known", new() { Hostname = "h", IpFamilies = (Wire.IPFamilies)9 } },
        { "the prefix length 33 is too long for an IP address of 4 bytes", new() { Hostname = "h", Addresses = { new Wire.NetworkAddress { Address = ByteString.CopyFrom(1, 2, 3, 4), Length = 33 } } } },
        { "a waypoint or gateway has neither host name nor address", new() { Hostname = "h", WeightedWaypoints = { new Wire.WeightedWaypoint() } } },
    };

    [Theory]
    [MemberData(nameof(BadServices))]
    public void A_service_that_makes_no_sense_is_refused_with_the_reason(string reason, Wire.Service wire) =>
        Assert.Equal(reason, Assert.ThrowsAny<ArgumentException>(() => ServiceMapping.ToModel(wire, new())).Message);

    [Theory]
    [InlineData(24, false)]
    [InlineData(32, true)]
    [InlineData(null, true)]
    public void A_range_of_one_address_is_that_address(int? length, bool isAddress)
    {
        var address = new Wire.NetworkAddress { Address = ByteString.CopyFrom(10, 0, 0, 1) };
        if (length is { } bits) address.Length = (uint)bits;

        var service = ServiceMapping.ToModel(new() { Hostname = "h", Addresses = { address } }, new());

        Assert.Equal((isAddress ? 1 : 0, isAddress ? 0 : 1), (service.Vips.Count, service.CidrVips.Count));
    }

    public static TheoryData<Match> BadMatches => new()
    {
        { new Match { Principals = { new StringMatch() } } },
        { new Match { Principals = { new StringMatch { Exact = "" } } } },
        { new Match { NotNamespaces = { new StringMatch { Prefix = "" } } } },
        { new Match { SourceIps = { new Address { Address_ = ByteString.CopyFrom(1, 2), Length = 8 } } } },
        { new Match { NotDestinationIps = { new Address { Address_ = ByteString.CopyFrom(1, 2, 3, 4), Length = 33 } } } },
        { new Match { DestinationPorts = { 65536 } } },
        { new Match { ServiceAccounts = { new ServiceAccountMatch { Namespace = "a" } } } },
    };

    [Theory]
    [MemberData(nameof(BadMatches))]
    public void A_policy_with_a_matcher_that_cannot_be_read_errs_on_the_closed_side(Match match)
    {
        // Beside a match that would let the connection pass, or keep it out.
        var all = new Match { NotDestinationPorts = { 1 } };
        Authorization Policy(Protos.Security.Action action) => new()
        {
            Name = "p", Namespace = "n", Action = action, Groups = { new Group { Rules = { new Rules { Matches = { match, all } } } } },
        };
        var connection = new ConnectionAttributes(SpiffeId.Parse("spiffe://td/ns/a/sa/b"), IPAddress.Loopback, IPAddress.Loopback, 80);

        var allow = PolicyMapping.ToModel(Policy(Protos.Security.Action.Allow), new());
        var deny = PolicyMapping.ToModel(Policy(Protos.Security.Action.Deny), new());

        Assert.NotNull(allow.Fault);
        Assert.False(allow.IsMatch(connection));
        Assert.True(deny.IsMatch(connection));
        Assert.Equal(ReasonCode.PolicyMalformed, PolicyEvaluator.Evaluate(new([deny], default), connection).Reason);
    }

    [Fact]
    public void A_policy_that_could_not_be_read_is_sent_as_what_it_stands_for()
    {
        var connection = new ConnectionAttributes(null, IPAddress.Loopback, IPAddress.Loopback, 80);
        foreach (var action in Enum.GetValues<PolicyAction>())
        {
            var malformed = AuthorizationPolicy.Malformed("n", "p", PolicyScope.Namespace, action, "why");

            var received = PolicyMapping.ToModel(PolicyMapping.ToWire(malformed), new());

            Assert.Equal(malformed.IsMatch(connection), received.IsMatch(connection));
        }
    }

    [Theory]
    [InlineData(9, 0, "the policy scope 9 is not known")]
    [InlineData(0, 9, "the policy action 9 is not known")]
    public void A_policy_of_unknown_effect_is_refused(int scope, int action, string reason) => Assert.Equal(reason,
        Assert.ThrowsAny<ArgumentException>(() => PolicyMapping.ToModel(new() { Scope = (Scope)scope, Action = (Protos.Security.Action)action }, new())).Message);
}
