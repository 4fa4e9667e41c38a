using Ambient.Grpc;
using Ambient.Protos.Security;
using Ambient.Protos.Workloads;
using Ambient.Model.Policies;
using Ambient.TestKit;
using Ambient.Xds.Tests.Scenes;
using Google.Protobuf;
using Address = Ambient.Protos.Workloads.Address;
using static Ambient.Xds.Tests.Scenes.ScriptedControlPlane;

namespace Ambient.Xds.Tests.Client;

public sealed class DiscoveryClientTests
{
    [Fact]
    public async Task The_first_requests_name_the_node_and_ask_for_everything_policies_first()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(headers: static () => new() { { "authorization", "Bearer t" }, { "clusterid", "c1" } });

        var (policies, addresses) = await scene.ReceiveFirstAsync();

        Assert.Equal(ResourceTypes.Address, addresses.TypeUrl);
        Assert.Equal(ResourceTypes.Authorization, policies.TypeUrl);
        foreach (var request in new[] { addresses, policies })
        {
            Assert.Equal("ztunnel~1.1.1.1~zt.ns~ns.svc.cluster.local", request.Node.Id);
            Assert.Empty(request.ResourceNamesSubscribe);
            Assert.Empty(request.ResourceNamesUnsubscribe);
            Assert.Empty(request.InitialResourceVersions);
        }
        Assert.Equal(("Bearer t", "c1"), (scene.Metadata.Find("authorization"), scene.Metadata.Find("clusterid")));
    }

    [Fact]
    public async Task A_response_is_applied_whole_and_acknowledged()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();

        await scene.SendAsync(ResourceTypes.Address, "n1", resources: [Workload("a"), Workload("b")]);
        var answer = await scene.ReceiveAsync();

        Assert.Equal((ResourceTypes.Address, "n1"), (answer.TypeUrl, answer.ResponseNonce));
        Assert.Null(answer.ErrorDetail);
        Assert.Null(answer.Node);
        Assert.Equal((2, 1L), (scene.State.Current.WorkloadCount, scene.State.Current.Version));
    }

    [Fact]
    public async Task What_is_wrong_is_named_and_the_rest_applied()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();

        await scene.SendAsync(ResourceTypes.Address, "n1", resources:
        [
            Workload("good"),
            Workload("bad1", edit: static workload => workload.TunnelProtocol = TunnelProtocol.LegacyIstioMtls),
            Packed("bad2", "1", "type.googleapis.com/other", new Address()),
            Packed("bad3", "1", ResourceTypes.Address, new Address()),
            new() { Name = "bad4" },
            new() { Name = "bad5", Resource_ = new() { TypeUrl = ResourceTypes.Address, Value = ByteString.CopyFrom(0xFF) } },
        ]);
        var answer = await scene.ReceiveAsync();

        Assert.Equal("n1", answer.ResponseNonce);
        Assert.Equal(0, answer.ErrorDetail.Code);
        Assert.StartsWith("bad1: the tunnel protocol LEGACY_ISTIO_MTLS is not for node proxies; bad2: the resource is of type 'type.googleapis.com/other', not "
            + $"'{ResourceTypes.Address}'; bad3: the address is neither a workload nor a service; bad4: the resource is empty; bad5: ", answer.ErrorDetail.Message);
        Assert.NotNull(scene.State.Current.FindWorkload("good"));
        Assert.Equal(5, scene.Client.RejectedResources.Count);
    }

    [Fact]
    public async Task A_rejected_update_leaves_the_older_version_in_use_and_says_so_until_a_sound_one_comes()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: Workload("a", "1", static workload => workload.Name = "first"));
        await scene.ReceiveAsync();

        await scene.SendAsync(ResourceTypes.Address, "n2", resources: Workload("a", "2", static workload => workload.NetworkMode = (NetworkMode)9));
        await scene.ReceiveAsync();

        Assert.Equal("first", scene.State.Current.FindWorkload("a")!.Name);
        Assert.Equal("the network mode 9 is not known", scene.Client.RejectedResources["a"]);
        Assert.Contains("rejected 1 1", scene.Events);

        scene.End(null);
        await scene.AcceptAsync();
        var (_, addresses) = await scene.ReceiveFirstAsync();
        Assert.Equal("1", addresses.InitialResourceVersions["a"]); // so the server sends the new one again

        await scene.SendAsync(ResourceTypes.Address, "n3", resources: Workload("a", "3", static workload => workload.Name = "third"));
        await scene.ReceiveAsync();
        Assert.Empty(scene.Client.RejectedResources);
        Assert.Equal("third", scene.State.Current.FindWorkload("a")!.Name);
    }

    [Fact]
    public async Task Traffic_may_begin_once_both_types_are_known_and_what_was_rejected_is_refused()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();

        await scene.SendAsync(ResourceTypes.Address, "n1");
        await scene.ReceiveAsync();
        Assert.False(scene.Client.Ready.IsCompleted);
        await scene.SendAsync(ResourceTypes.Authorization, "n2", resources: Packed("n/p", "1", ResourceTypes.Authorization, new Authorization { Scope = (Scope)9 }));
        Assert.NotNull((await scene.ReceiveAsync()).ErrorDetail);

        await scene.Client.Ready;
        var policy = Assert.Single(scene.State.Current.Policies);
        Assert.Equal(("n/p", PolicyScope.Namespace, PolicyAction.Deny, "the policy scope 9 is not known"),
            (policy.ResourceName, policy.Policy.Scope, policy.Policy.Action, policy.Policy.Fault));
    }

    [Fact]
    public async Task A_rejected_policy_refuses_whom_it_names_as_far_as_that_can_be_read()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();

        await scene.SendAsync(ResourceTypes.Authorization, "n1", resources:
        [
            Packed("n/selected", "1", ResourceTypes.Authorization, new Authorization { Namespace = "n", Name = "selected", Scope = Scope.WorkloadSelector, Action = (Protos.Security.Action)9 }),
            Packed("n/other", "1", ResourceTypes.Address, new Address()),
        ]);
        await scene.ReceiveAsync();

        var policies = scene.State.Current.Policies.ToDictionary(static policy => policy.ResourceName, static policy => policy.Policy);
        Assert.Equal(PolicyScope.WorkloadSelector, policies["n/selected"].Scope);
        Assert.Equal(("n", PolicyScope.Namespace), (policies["n/other"].Namespace, policies["n/other"].Scope));
        Assert.All(policies.Values, static policy => Assert.True(policy.Action == PolicyAction.Deny && policy.Fault is not null));

        // What is gone meanwhile must not stay: the server is told the name, with no version.
        scene.End(null);
        await scene.AcceptAsync();
        var (first, _) = await scene.ReceiveFirstAsync();
        Assert.Equal("", first.InitialResourceVersions["n/selected"]);
        await scene.SendAsync(ResourceTypes.Authorization, "n2", removed: ["n/selected", "n/other"]);
        await scene.ReceiveAsync();
        Assert.Empty(scene.State.Current.Policies);
        Assert.Empty(scene.Client.RejectedResources);
    }

    [Fact]
    public async Task A_rejected_workload_or_service_is_known_but_not_to_be_reached()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        var service = new Service { Name = "s", Namespace = "n", Hostname = "s.n", Addresses = { new NetworkAddress { Address = ByteString.CopyFrom(10, 0, 0, 9) } }, LoadBalancing = new() { Mode = (LoadBalancing.Types.Mode)9 } };

        await scene.SendAsync(ResourceTypes.Address, "n1", resources:
        [
            Workload("w", edit: static workload =>
            {
                workload.Addresses.Add(ByteString.CopyFrom(10, 0, 0, 1));
                workload.TunnelProtocol = TunnelProtocol.LegacyIstioMtls;
                workload.Services["n/s.n"] = new();
            }),
            Packed("n/s.n", "1", ResourceTypes.Address, new Address { Service = service }),
        ]);
        Assert.NotNull((await scene.ReceiveAsync()).ErrorDetail);

        var mesh = scene.State.Current;
        var workload = mesh.FindWorkload("w")!;
        Assert.NotNull(workload.Fault);
        Assert.Empty(workload.Services);
        Assert.NotEmpty(mesh.PoliciesFor(workload).Missing);
        Assert.True(mesh.Find(new Model.Addresses.NetworkAddress("", System.Net.IPAddress.Parse("10.0.0.1")), null).IsKnown);
        Assert.True(mesh.Find(new Model.Addresses.NetworkAddress("", System.Net.IPAddress.Parse("10.0.0.9")), null).IsKnown);
        Assert.False(mesh.FindService(new("n", "s.n"))!.Service.Ports.Contains(80));
    }

    [Fact]
    public async Task A_state_in_parts_counts_once_its_last_part_is_applied()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1");
        await scene.ReceiveAsync();

        await scene.SendAsync(ResourceTypes.Authorization, "n2", StateToken.ToVersionInfo(null));
        await scene.ReceiveAsync();
        Assert.False(scene.Client.Ready.IsCompleted);
        await scene.SendAsync(ResourceTypes.Authorization, "n3", StateToken.ToVersionInfo("t"));

        await scene.Client.Ready;
    }

    [Fact]
    public async Task On_demand_addresses_are_not_waited_for()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();

        await scene.SendAsync(ResourceTypes.Authorization, "n1");

        await scene.Client.Ready;
    }

    [Fact]
    public async Task After_a_reconnect_what_is_held_is_named_with_its_versions_and_nothing_is_forgotten()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: [Workload("a", "00ab"), Workload("b", "not hex"), Workload("c", "ffffffffffffffff"), Workload("d", "1")]);
        await scene.ReceiveAsync();
        await scene.SendAsync(ResourceTypes.Address, "n2", removed: ["d"]);
        await scene.ReceiveAsync();

        scene.End(new(StatusCode.Unknown, "gone"));
        await scene.AcceptAsync();
        var (policies, addresses) = await scene.ReceiveFirstAsync();

        Assert.Equal(new Dictionary<string, string> { ["a"] = "00ab", ["b"] = "not hex", ["c"] = "ffffffffffffffff" }, addresses.InitialResourceVersions);
        Assert.Empty(policies.InitialResourceVersions);
        Assert.NotNull(addresses.Node);
        Assert.Equal(3, scene.State.Current.WorkloadCount);
    }

    [Fact]
    public async Task A_server_with_the_extension_is_told_the_token_alone()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", StateToken.ToVersionInfo("token1"), resources: Workload("a"));
        await scene.ReceiveAsync();
        scene.End(null);
        await scene.AcceptAsync();

        var (_, addresses) = await scene.ReceiveFirstAsync();
        Assert.Equal("token1", StateToken.Read(addresses.Node, ResourceTypes.Address));
        Assert.Empty(addresses.InitialResourceVersions);

        await scene.SendAsync(ResourceTypes.Address, "", StateToken.UnknownState);
        var again = await scene.ReceiveAsync();
        Assert.Equal("1", again.InitialResourceVersions["a"]);
        Assert.Null(StateToken.Read(again.Node, ResourceTypes.Address));
        Assert.Equal("", again.ResponseNonce);
    }

    [Fact]
    public async Task A_server_without_the_extension_in_the_place_of_one_with_it_changes_nothing_by_mistake()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", StateToken.ToVersionInfo("token1"), resources: [Workload("a"), Workload("gone")]);
        await scene.ReceiveAsync();
        scene.End(null);
        await scene.AcceptAsync();
        await scene.ReceiveFirstAsync();

        // It knows nothing of tokens, so it answers as to a new client: everything, and nothing is removed.
        await scene.SendAsync(ResourceTypes.Address, "n1", "v1", resources: Workload("a", "2"));
        await scene.AcceptAsync();
        var (_, addresses) = await scene.ReceiveFirstAsync();

        Assert.Equal(["a", "gone"], addresses.InitialResourceVersions.Keys.Order());
        await scene.SendAsync(ResourceTypes.Address, "n2", "v1", removed: ["gone"], resources: Workload("a", "2"));
        await scene.ReceiveAsync();
        Assert.Null(scene.State.Current.FindWorkload("gone"));
    }

    [Fact]
    public async Task A_rejection_forfeits_the_token()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", StateToken.ToVersionInfo("t1"), resources: Workload("bad", edit: static workload => workload.NetworkMode = (NetworkMode)9));
        await scene.ReceiveAsync();
        await scene.SendAsync(ResourceTypes.Address, "n2", StateToken.ToVersionInfo("t2"), resources: Workload("a"));
        await scene.ReceiveAsync();
        scene.End(null);
        await scene.AcceptAsync();

        var (_, addresses) = await scene.ReceiveFirstAsync();

        Assert.Null(StateToken.Read(addresses.Node, ResourceTypes.Address));
        Assert.Equal([("a", "1"), ("bad", "")], addresses.InitialResourceVersions.OrderBy(static one => one.Key).Select(static one => (one.Key, one.Value)));
    }

    [Fact]
    public async Task A_type_that_was_not_asked_for_is_acknowledged()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();

        await scene.SendAsync("type.example/Other", "n1");
        var answer = await scene.ReceiveAsync();

        Assert.Equal(("type.example/Other", "n1"), (answer.TypeUrl, answer.ResponseNonce));
        Assert.Null(answer.ErrorDetail);
    }

    [Fact]
    public async Task On_demand_nothing_is_asked_for_until_it_is_needed_and_all_who_need_it_are_told()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        var (policies, addresses) = await scene.ReceiveFirstAsync();
        Assert.Equal(["*"], addresses.ResourceNamesSubscribe);
        Assert.Equal(["*"], addresses.ResourceNamesUnsubscribe);
        Assert.Empty(policies.ResourceNamesUnsubscribe);

        var waiting = Enumerable.Range(0, 5).Select(_ => scene.Client.DemandAsync("/10.0.0.1", TimeSpan.FromSeconds(20), default).AsTask()).ToArray();
        var demand = await scene.ReceiveAsync();
        Assert.Equal(["/10.0.0.1"], demand.ResourceNamesSubscribe);
        Assert.Equal("", demand.ResponseNonce);
        Assert.DoesNotContain(waiting, static one => one.IsCompleted);
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: Workload("a", aliases: "/10.0.0.1"));

        Assert.All(await Task.WhenAll(waiting), Assert.True);
        Assert.NotNull(scene.State.Current.FindWorkload("a"));
        Assert.True(await scene.Client.DemandAsync("/10.0.0.1", TimeSpan.Zero, default));
    }

    [Fact]
    public async Task On_demand_an_answer_is_known_by_its_address_where_it_has_no_alias()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();

        var waiting = scene.Client.DemandAsync("/10.0.0.1", TimeSpan.FromSeconds(20), default);
        await scene.ReceiveAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: Workload("a", edit: static workload => workload.Addresses.Add(ByteString.CopyFrom(10, 0, 0, 1))));

        Assert.True(await waiting);
    }

    [Fact]
    public async Task On_demand_what_does_not_exist_is_an_answer_and_the_oldest_of_many_is_given_up()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true); // remembers two
        await scene.ReceiveFirstAsync();
        for (var i = 1; i <= 3; i++)
        {
            var waiting = scene.Client.DemandAsync($"/10.0.0.{i}", TimeSpan.FromSeconds(20), default);
            Assert.Equal([$"/10.0.0.{i}"], (await scene.ReceiveAsync()).ResourceNamesSubscribe);
            await scene.SendAsync(ResourceTypes.Address, $"n{i}", removed: [$"/10.0.0.{i}"]);
            Assert.True(await waiting);
            if (i < 3) await scene.ReceiveAsync(); // the acknowledgement
        }

        Assert.Equal(["/10.0.0.1"], (await scene.ReceiveAsync()).ResourceNamesUnsubscribe);
    }

    [Fact]
    public async Task On_demand_names_are_asked_for_again_after_a_reconnect()
    {
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true);
        await scene.ReceiveFirstAsync();
        var held = scene.Client.DemandAsync("a", TimeSpan.FromSeconds(20), default);
        await scene.ReceiveAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", resources: Workload("a", "7"));
        Assert.True(await held);
        await scene.ReceiveAsync();
        var waiting = scene.Client.DemandAsync("b", TimeSpan.FromSeconds(20), default);
        await scene.ReceiveAsync();

        scene.End(new(StatusCode.Unknown, "gone"));
        await scene.AcceptAsync();
        var (_, addresses) = await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1", removed: ["b"]);

        Assert.Equal(new Dictionary<string, string> { ["a"] = "7", ["b"] = "" }, addresses.InitialResourceVersions);
        Assert.True(await waiting);
    }

    [Fact]
    public async Task On_demand_nobody_waits_longer_than_he_wants()
    {
        var time = new ManualTime();
        await using var scene = await ScriptedControlPlane.StartAsync(onDemand: true, time: time);
        await scene.ReceiveFirstAsync();

        var waiting = scene.Client.DemandAsync("/10.0.0.1", TimeSpan.FromSeconds(5), default).AsTask();
        await scene.ReceiveAsync();
        time.Advance(TimeSpan.FromSeconds(5));

        Assert.False(await waiting);
    }

    [Fact]
    public async Task Credentials_that_cannot_be_read_are_tried_again()
    {
        var tries = 0;
        await using var scene = await ScriptedControlPlane.StartAsync(headers: () => ++tries < 3 ? throw new IOException("no token yet") : new());

        await scene.ReceiveFirstAsync();

        Assert.Equal(["ended ConnectionError", "ended ConnectionError"], scene.Events);
    }

    [Fact]
    public async Task A_server_that_ends_streams_before_it_says_anything_is_not_asked_without_pause()
    {
        var time = new ManualTime();
        await using var scene = await ScriptedControlPlane.StartAsync(time: time);
        await scene.ReceiveFirstAsync();

        scene.End(null);
        await time.WhenPendingAsync(1);

        Assert.Equal(["ended ConnectionError"], scene.Events);
    }

    [Fact]
    public async Task After_a_stream_that_held_the_wait_for_the_next_begins_small_again()
    {
        var time = new ManualTime();
        await using var scene = await ScriptedControlPlane.StartAsync(time: time);
        for (var i = 0; i < 12; i++) // an outage
        {
            scene.End(new(StatusCode.Unavailable, "not yet"));
            await time.WhenPendingAsync(1);
            time.Advance(TimeSpan.FromSeconds(15));
            await scene.AcceptAsync();
        }
        await scene.ReceiveFirstAsync();
        await scene.SendAsync(ResourceTypes.Address, "n1");
        await scene.ReceiveAsync();
        time.Advance(TimeSpan.FromHours(3));

        scene.End(new(StatusCode.Unavailable, "stopping"));
        await time.WhenPendingAsync(1);
        time.Advance(TimeSpan.FromMilliseconds(30)); // twice the shortest, and half of that

        await scene.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(20));
    }
}
