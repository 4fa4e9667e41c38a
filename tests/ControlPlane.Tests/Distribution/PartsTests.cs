using System.Net;
using Ambient.ControlPlane.Callers;
using Ambient.ControlPlane.Distribution;
using Ambient.Grpc;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using Ambient.Protos.Xds;
using Ambient.TestKit;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.ControlPlane.Tests.Distribution;

public sealed class PartsTests
{
    [Fact]
    public void The_first_change_is_pushed_at_once_and_the_next_ones_together_after_the_interval()
    {
        var time = new ManualTime();
        var pushes = 0;
        using var queue = new PushQueue(TimeSpan.FromMilliseconds(100), time, () => pushes++);

        queue.Signal();
        Assert.Equal(1, pushes);
        for (var i = 0; i < 10; i++) queue.Signal();
        time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal(1, pushes);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, pushes);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(2, pushes);
        queue.Signal();
        Assert.Equal(3, pushes);
    }

    [Fact]
    public void The_age_of_a_change_is_that_of_the_first_one_missed()
    {
        var time = new ManualTime();
        var times = new ChangeTimes(time);
        Assert.Null(times.AgeAfter(0));
        foreach (var sequence in (long[])[3, 5, 9])
        {
            times.Add(sequence);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(3, times.AgeAfter(0)!.Value.TotalSeconds, 3);
        Assert.Equal(3, times.AgeAfter(2)!.Value.TotalSeconds, 3);
        Assert.Equal(2, times.AgeAfter(3)!.Value.TotalSeconds, 3);
        Assert.Equal(1, times.AgeAfter(8)!.Value.TotalSeconds, 3);
        Assert.Null(times.AgeAfter(9));
        for (var i = 10; i < 6000; i++) times.Add(i);
        Assert.Null(times.AgeAfter(3)); // forgotten
    }

    [Fact]
    public void A_node_is_what_its_id_and_metadata_say()
    {
        var node = new Node { Id = "ztunnel~10.0.0.1~zt-1.istio-system~istio-system.svc.cluster.local" };
        Assert.Equal(new NodeClaims("ztunnel", "istio-system", "", ""), NodeClaims.Read(node));

        node.Metadata = new() { Fields = { ["NAMESPACE"] = Value.ForString("other"), ["SERVICE_ACCOUNT"] = Value.ForString("sa"), ["NODE_NAME"] = Value.ForString("n1") } };
        Assert.Equal(new NodeClaims("ztunnel", "other", "sa", "n1"), NodeClaims.Read(node));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ztunnel")]
    [InlineData("~1.1.1.1~a.b~c")]
    [InlineData("a~b~c~d~e")]
    public void A_node_id_of_another_form_is_refused(string id) =>
        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => NodeClaims.Read(new() { Id = id })).Code);

    [Fact]
    public void A_caller_is_compared_with_the_namespace_and_the_account_if_there_is_one()
    {
        var caller = new Caller("ns", "sa", null, null);

        new NodeClaims("ztunnel", "ns", "", "").Check(caller);
        new NodeClaims("ztunnel", "ns", "sa", "").Check(caller);
        Assert.Throws<RpcException>(() => new NodeClaims("ztunnel", "ns", "other", "").Check(caller));
        Assert.Throws<RpcException>(() => new NodeClaims("ztunnel", "", "", "").Check(caller));
    }

    [Fact]
    public void A_workload_is_found_by_uid_address_service_and_node()
    {
        var resources = new MeshResources(TimeProvider.System);
        var service = new Service { Namespace = "ns", Hostname = "web", Vips = [new("net", IPAddress.Parse("10.96.0.1"))], CidrVips = [new("net", IpPrefix.Parse("10.97.0.0/16"))] };
        resources.Apply(new()
        {
            Services = [service],
            Workloads =
            [
                new() { Uid = "u1", Network = "net", Addresses = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("2001:db8::1")], Services = [new(service.Key, default)] },
                new() { Uid = "u2", Network = "net", Addresses = [IPAddress.Parse("10.0.0.1")], NetworkMode = NetworkMode.HostNetwork },
            ],
        });

        Assert.Equal(["u1"], Names("u1"));
        Assert.Equal(["u1", "u2"], Names("net/10.0.0.1"));
        Assert.Equal(["u1"], Names("net/2001:db8::1"));
        foreach (var key in new[] { "ns/web", "net/10.96.0.1", "net/10.97.0.0/16" }) Assert.Equal(["ns/web", "u1"], Names(key));
        Assert.Empty(Names("web"));
        Assert.Empty(Names("ns/other"));

        IEnumerable<string> Names(string key) => resources.Lookup(key).Select(static resource => resource.Name).Order();
    }
}
