using Ambient.Protos.Security;
using Ambient.Protos.Workloads;
using Ambient.Model.Policies;
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
    public async Task A_type_that_was_not_asked_for_is_acknowledged()
    {
        await using var scene = await ScriptedControlPlane.StartAsync();
        await scene.ReceiveFirstAsync();

        await scene.SendAsync("type.example/Other", "n1");
        var answer = await scene.ReceiveAsync();

        Assert.Equal(("type.example/Other", "n1"), (answer.TypeUrl, answer.ResponseNonce));
        Assert.Null(answer.ErrorDetail);
    }
}
