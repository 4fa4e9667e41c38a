using System.Collections;
using System.Net;
using Ambient.Grpc;
using Ambient.Grpc.Calls;
using Ambient.ControlPlane.Distribution;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Protos.Xds;
using Ambient.TestKit;
using Ambient.Xds;
using Ambient.Xds.Client;

namespace Ambient.ControlPlane.Tests.Distribution;

public sealed class AdsServiceTests
{
    [Fact]
    public async Task A_node_learns_the_mesh_and_each_change_of_it()
    {
        await using var scene = await DiscoveryScene.StartAsync();
        scene.Resources.Apply(new() { Workloads = [Pod(1)], Services = [Web], Policies = [new("shop/p", Policy("p"))] });
        var node = scene.AddNode();
        await node.Client.Ready;

        scene.Resources.Apply(new() { Workloads = [Pod(1) with { WorkloadName = "changed" }, Pod(2)], RemovedPolicies = ["shop/p"] });
        await node.UntilAsync(() => node.State.Current is { WorkloadCount: 2, PolicyCount: 0 });

        Assert.Equal("changed", node.State.Current.FindWorkload("c//Pod/shop/web-1")!.WorkloadName);
        Assert.NotNull(node.State.Current.FindService(Web.Key));
    }

    [Fact]
    public async Task Random_histories_with_random_disconnects_end_with_what_there_is()
    {
        await using var scene = await DiscoveryScene.StartAsync(new() { PushInterval = TimeSpan.FromMilliseconds(1), Session = new() { MaxResponseBytes = 2000 } });
        var everything = scene.AddNode();
        var onDemand = scene.AddNode("n2", onDemand: true);
        var random = new Random(20250101);
        var truth = new Truth();

        for (var round = 0; round < 12; round++)
        {
            for (var step = 0; step < 40; step++)
            {
                scene.Resources.Apply(truth.Change(random));
                if (random.Next(15) == 0) scene.Relay.CutAll();
                if (random.Next(10) == 0) await onDemand.Client.DemandAsync($"/10.0.0.{random.Next(40)}", TimeSpan.FromSeconds(20), default);
            }
            await everything.UntilAsync(() => truth.IsAll(everything.State.Current));
            await onDemand.UntilAsync(() => truth.IsSound(onDemand.State.Current, "n2"));
        }

        Assert.True(everything.Connects > 5);
        Assert.Empty(everything.Client.RejectedResources);
    }

    [Fact]
    public async Task A_reconnect_without_a_change_costs_a_few_kilobytes_with_its_handshake()
    {
        await using var scene = await DiscoveryScene.StartAsync();
        scene.Resources.Apply(new() { Workloads = [.. Enumerable.Range(0, 10_000).Select(Pod)], Services = [Web] });
        var node = scene.AddNode();
        await node.Client.Ready;
        var version = node.State.Current.Version;

        var (bytes, received) = (scene.Relay.Bytes, node.Received);
        scene.Relay.CutAll();
        await node.UntilAsync(() => node.Received >= received + 2); // one response of each type

        Assert.InRange(scene.Relay.Bytes - bytes, 500, 16 << 10);
        Assert.Equal(version, node.State.Current.Version);
    }

    [Fact]
    public async Task A_reconnect_with_a_change_costs_the_change()
    {
        await using var scene = await DiscoveryScene.StartAsync();
        scene.Resources.Apply(new() { Workloads = [.. Enumerable.Range(0, 10_000).Select(Pod)] });
        var node = scene.AddNode();
        await node.Client.Ready;

        var bytes = scene.Relay.Bytes;
        scene.Relay.CutAll();
        scene.Resources.Apply(new() { Workloads = [Pod(10_001)], RemovedAddresses = [Pod(5).Uid] });
        await node.UntilAsync(() => node.State.Current.FindWorkload(Pod(10_001).Uid) is not null);

        Assert.Null(node.State.Current.FindWorkload(Pod(5).Uid));
        Assert.InRange(scene.Relay.Bytes - bytes, 500, 20 << 10);
    }

    [Fact]
    public void Policies_are_sent_before_the_workloads_that_name_them_and_what_is_said_of_requests_before_the_services_it_is_for() =>
        Assert.Equal([ResourceTypes.Authorization, ResourceTypes.Traffic, ResourceTypes.Address, ResourceTypes.Workload],
            new MeshResources(TimeProvider.System).Views.Select(static view => view.TypeUrl));

    [Fact]
    public void A_session_that_looks_while_a_change_is_applied_sees_no_workload_before_the_policies_that_came_with_it()
    {
        var resources = new MeshResources(TimeProvider.System);
        var seen = -1;

        resources.Apply(new() { Workloads = [Pod(1)] }, new([], new Observed(() => seen = resources.AddressCount)));

        Assert.Equal((0, 1), (seen, resources.AddressCount));
    }

    [Fact]
    public async Task Another_replica_of_equal_content_knows_the_state_of_the_first()
    {
        await using var first = await DiscoveryScene.StartAsync();
        await using var second = await DiscoveryScene.StartAsync();
        ResourceDelta[] deltas = [new() { Workloads = [Pod(1), Pod(2)] }, new() { Workloads = [Pod(3)], Services = [Web] }];
        foreach (var delta in deltas) first.Resources.Apply(delta);
        foreach (var delta in deltas.Reverse()) second.Resources.Apply(delta);
        var token = first.Resources.Views.Single(static view => view.TypeUrl == ResourceTypes.Address).Table.Snapshot().Token!;

        await using var call = Open(second);
        await call.WriteAsync(new() { TypeUrl = ResourceTypes.Address, Node = StateToken.Write(Node(), ResourceTypes.Address, token) }, default);
        var response = await call.ReadAsync(default);

        Assert.Empty(response!.Resources);
        Assert.Equal(token, StateToken.Read(response.SystemVersionInfo));
    }

    [Fact]
    public async Task On_demand_a_node_holds_its_own_pods_and_what_it_asked_for()
    {
        await using var scene = await DiscoveryScene.StartAsync();
        scene.Resources.Apply(new() { Workloads = [Pod(1) with { Node = "n1" }, Pod(2) with { Node = "n2" }, Pod(3) with { Node = "n2", Services = default }], Services = [Web] });
        var node = scene.AddNode("n1", onDemand: true);
        await node.UntilAsync(() => node.State.Current.WorkloadCount == 1);

        Assert.True(await node.Client.DemandAsync("/10.96.0.1", TimeSpan.FromSeconds(20), default));
        Assert.True(await node.Client.DemandAsync("/192.0.2.1", TimeSpan.FromSeconds(20), default));

        Assert.Equal((2, 1), (node.State.Current.WorkloadCount, node.State.Current.ServiceCount));
    }

    [Fact]
    public async Task Nobody_is_answered_before_the_cluster_is_known()
    {
        await using var scene = await DiscoveryScene.StartAsync(complete: false);
        await using var call = Open(scene);

        var refusal = await RefusalAsync(call);
        scene.Resources.MarkComplete();
        await using var again = Open(scene);
        await again.WriteAsync(new() { TypeUrl = ResourceTypes.Address, Node = Node() }, default);

        Assert.Equal(StatusCode.Unavailable, refusal.Code);
        Assert.NotNull(await again.ReadAsync(default));
    }

    [Theory]
    [InlineData(null, StatusCode.Unauthenticated)]
    [InlineData("other/ztunnel", StatusCode.PermissionDenied)]
    public async Task A_caller_must_be_whom_its_node_claims(string? token, StatusCode expected)
    {
        await using var scene = await DiscoveryScene.StartAsync();
        await using var call = Open(scene, token);
        await call.WriteAsync(new() { TypeUrl = ResourceTypes.Address, Node = Node() }, default);

        Assert.Equal(expected, (await RefusalAsync(call)).Code);
    }

    [Fact]
    public async Task A_request_over_the_limit_is_refused_and_the_client_goes_on_with_what_it_has()
    {
        await using var scene = await DiscoveryScene.StartAsync(new() { MaxRequestBytes = 1000, PushInterval = TimeSpan.FromMilliseconds(1) });
        await using var call = Open(scene);
        var request = new DeltaDiscoveryRequest { TypeUrl = ResourceTypes.Address, Node = Node() };
        for (var i = 0; i < 100; i++) request.InitialResourceVersions[$"some-long-name-{i}"] = "1";

        await call.WriteAsync(request, default);
        var refusal = await RefusalAsync(call);

        Assert.Equal(StatusCode.ResourceExhausted, refusal.Code);
        Assert.Contains("the limit is 1000", refusal.Detail);
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_up_nobody_and_gets_the_latest_in_the_end()
    {
        await using var scene = await DiscoveryScene.StartAsync();
        scene.Resources.Apply(new() { Workloads = [.. Enumerable.Range(0, 5_000).Select(Pod)] });
        await using var slow = Open(scene);
        await slow.WriteAsync(new() { TypeUrl = ResourceTypes.Address, Node = StateToken.Announce(Node()) }, default);
        var quick = scene.AddNode();
        await quick.Client.Ready;

        for (var i = 0; i < 200; i++)
            scene.Resources.Apply(new() { Workloads = [Pod(7) with { WorkloadName = $"v{i}" }, Pod(6_000 + i)], RemovedAddresses = i == 0 ? [] : [Pod(5_999 + i).Uid] });
        await quick.UntilAsync(() => quick.State.Current.FindWorkload(Pod(7).Uid)?.WorkloadName == "v199");

        var held = new Dictionary<string, string>();
        var responses = 0;
        while (held.Count != 5_001 || !held.ContainsKey(Pod(6_199).Uid))
        {
            var response = await slow.ReadAsync(default);
            responses++;
            foreach (var resource in response!.Resources) held[resource.Name] = resource.Version;
            foreach (var name in response.RemovedResources) held.Remove(name);
            await slow.WriteAsync(new() { TypeUrl = ResourceTypes.Address, ResponseNonce = response.Nonce }, default);
        }
        Assert.InRange(responses, 1, 10);
    }

    [Fact]
    public async Task A_stream_of_some_age_is_ended_cleanly_and_taken_up_again()
    {
        var time = new ManualTime();
        await using var scene = await DiscoveryScene.StartAsync(time: time);
        scene.Resources.Apply(new() { Workloads = [Pod(1)] });
        var node = scene.AddNode();
        await node.Client.Ready;

        time.Advance(TimeSpan.FromMinutes(34));
        await node.UntilAsync(() => node.Connects == 2);

        Assert.Equal([StreamEnd.Complete], node.Ends);
        Assert.Equal(1, node.State.Current.WorkloadCount);
    }

    [Fact]
    public async Task Sessions_are_listed_with_how_far_they_are()
    {
        await using var scene = await DiscoveryScene.StartAsync();
        scene.Resources.Apply(new() { Workloads = [Pod(1), Pod(2)] });
        await using var call = Open(scene);
        await call.WriteAsync(new() { TypeUrl = ResourceTypes.Address, Node = Node() }, default);
        await call.ReadAsync(default); // and no acknowledgement
        scene.Resources.Apply(new() { Workloads = [Pod(3)] });

        var session = Assert.Single(scene.Service.Sessions);
        var addresses = session.Subscriptions.Single(static each => each.TypeUrl == ResourceTypes.Address);

        Assert.Equal("ztunnel~1.1.1.1~zt.istio-system~istio-system.svc.cluster.local", session.Client);
        Assert.Equal((true, true, 1L), (addresses.IsWildcard, addresses.Unacknowledged, addresses.Behind));
    }

    [Fact]
    public async Task A_stream_of_age_ends_after_the_response_that_is_under_way()
    {
        var time = new ManualTime();
        await using var scene = await DiscoveryScene.StartAsync(new() { StreamAge = TimeSpan.FromMinutes(1) }, time: time);
        await using var call = await BeginSlowlyAsync(scene);

        time.Advance(TimeSpan.FromMinutes(1.1));

        Assert.Equal(Many, (await call.ReadAsync(default))!.Resources.Count);
        Assert.Null(await call.ReadAsync(default));
    }

    [Fact]
    public async Task Who_does_not_take_it_for_long_is_cut_off()
    {
        var time = new ManualTime();
        await using var scene = await DiscoveryScene.StartAsync(new() { StreamAge = TimeSpan.FromMinutes(1) }, time: time);
        await using var call = await BeginSlowlyAsync(scene);

        time.Advance(TimeSpan.FromMinutes(3));

        await RefusalAsync(call);
    }

    private const int Many = 65_000; // more megabytes than the transport takes from a server whose client does not read

    /// <summary>A response is under way, and waits for the client to read.</summary>
    private static async Task<DuplexCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse>> BeginSlowlyAsync(DiscoveryScene scene)
    {
        scene.Resources.Apply(new() { Workloads = [.. Enumerable.Range(0, Many).Select(Pod)] });
        var call = Open(scene);
        await call.WriteAsync(new() { TypeUrl = ResourceTypes.Address, Node = Node() }, default);
        await call.ReadHeadersAsync(default);
        return call;
    }

    [Fact]
    public async Task The_workload_type_has_workloads_alone_and_unwrapped()
    {
        await using var scene = await DiscoveryScene.StartAsync();
        scene.Resources.Apply(new() { Workloads = [Pod(1)], Services = [Web] });
        await using var call = Open(scene);
        await call.WriteAsync(new() { TypeUrl = ResourceTypes.Workload, Node = Node() }, default);

        var resource = Assert.Single((await call.ReadAsync(default))!.Resources);

        Assert.Equal(ResourceTypes.Workload, resource.Resource_.TypeUrl);
        Assert.Equal(Pod(1).Uid, Protos.Workloads.Workload.Parser.ParseFrom(resource.Resource_.Value).Uid);
    }

    private static Service Web => new()
    {
        Name = "web", Namespace = "shop", Hostname = "web.shop.svc", Vips = [new("", IPAddress.Parse("10.96.0.1"))], Ports = new(new PortMapping(80, 8080)),
    };

    private static Workload Pod(int number) => new()
    {
        Uid = $"c//Pod/shop/web-{number}", Name = $"web-{number}", Namespace = "shop", TrustDomain = "cluster.local", ServiceAccount = "web", ClusterId = "c",
        Addresses = [new IPAddress([10, 1, (byte)(number >> 8), (byte)number])], Services = [new(Web.Key, new(new PortMapping(80, 8080)))], Locality = new("", "", ""),
    };

    private static AuthorizationPolicy Policy(string name) => new() { Name = name, Namespace = "shop", Scope = PolicyScope.Namespace };

    private static Node Node() => new() { Id = "ztunnel~1.1.1.1~zt.istio-system~istio-system.svc.cluster.local" };

    private static DuplexCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> Open(DiscoveryScene scene, string? token = "istio-system/ztunnel") =>
        scene.Channel().OpenDuplex(DiscoveryService.Delta, token is null ? null : new() { { "authorization", $"Bearer {token}" } }, null, default);

    private static async Task<RpcException> RefusalAsync(DuplexCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call) =>
        await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync(default));

    /// <summary>Forty pods and ten policies that come, change and go at random.</summary>
    private sealed class Truth
    {
        private readonly Dictionary<string, Workload> _pods = [];
        private readonly Dictionary<string, AuthorizationPolicy> _policies = [];

        public ResourceDelta Change(Random random)
        {
            var (set, removed) = (new List<Workload>(), new List<string>());
            var (policies, removedPolicies) = (new List<NamedPolicy>(), new List<string>());
            for (var i = random.Next(5); i >= 0; i--)
            {
                var number = random.Next(40);
                var pod = Pod(number) with
                {
                    Addresses = [new IPAddress([10, 0, 0, (byte)number])], WorkloadName = $"v{random.Next(4)}", Node = $"n{random.Next(4)}",
                };
                if (random.Next(3) > 0 && !removed.Contains(pod.Uid)) set.Add(_pods[pod.Uid] = pod);
                else if (!set.Exists(other => other.Uid == pod.Uid) && _pods.Remove(pod.Uid)) removed.Add(pod.Uid);
            }
            var policy = Policy($"p{random.Next(10)}") with { DryRun = random.Next(2) == 0 };
            if (random.Next(3) > 0) policies.Add(new(policy.Key, _policies[policy.Key] = policy));
            else if (_policies.Remove(policy.Key)) removedPolicies.Add(policy.Key);
            return new() { Workloads = set, RemovedAddresses = removed, Policies = policies, RemovedPolicies = removedPolicies };
        }

        public bool IsAll(MeshSnapshot mesh) => mesh.WorkloadCount == _pods.Count && _pods.Values.All(pod => pod.Equals(mesh.FindWorkload(pod.Uid))) && HasPolicies(mesh);

        /// <summary>What is held is true, and the node's own pods are held.</summary>
        public bool IsSound(MeshSnapshot mesh, string node) => HasPolicies(mesh)
            && mesh.Workloads.All(held => held.Equals(_pods.GetValueOrDefault(held.Uid)))
            && _pods.Values.Where(pod => pod.Node == node).All(pod => mesh.FindWorkload(pod.Uid) is not null);

        private bool HasPolicies(MeshSnapshot mesh) =>
            mesh.PolicyCount == _policies.Count && mesh.Policies.All(held => held.Policy.Equals(_policies.GetValueOrDefault(held.ResourceName)));
    }

    /// <summary>No names; tells when they are looked for.</summary>
    private sealed class Observed(Action look) : IReadOnlyList<string>
    {
        public int Count => 0;

        public string this[int index] => throw new ArgumentOutOfRangeException(nameof(index));

        public IEnumerator<string> GetEnumerator()
        {
            look();
            return Enumerable.Empty<string>().GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
