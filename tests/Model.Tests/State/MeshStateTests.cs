using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.TestKit.Mesh;

namespace Ambient.Model.Tests.State;

public sealed class MeshStateTests
{
    private static readonly string Web1 = MeshBuilder.Uid("web-1");
    private static readonly ServiceKey Web = MeshBuilder.Key("web");

    private static ResourceDelta Workloads(MeshBuilder mesh) => mesh.Delta;

    private static string[] EndpointsOf(MeshSnapshot mesh, string service = "web") =>
        [.. mesh.FindService(MeshBuilder.Key(service))!.Endpoints.Select(e => e.Workload.Name).Order()];

    [Fact]
    public void Services_and_workloads_may_come_in_any_order()
    {
        var service = new MeshBuilder().Service("web", "10.0.0.10").Delta;
        var workload = new MeshBuilder().Workload("web-1", "10.1.0.2", "web").Delta;

        foreach (var order in new[] { new[] { service, workload }, [workload, service] })
        {
            var state = new MeshState();
            foreach (var delta in order) state.Apply(delta);
            Assert.Equal(["web-1"], EndpointsOf(state.Current));
            Assert.Empty(state.Current.StagedEndpoints);
        }
    }

    [Fact]
    public void Endpoints_wait_for_their_service_and_leave_with_their_workload()
    {
        var state = new MeshBuilder().Workload("web-1", "10.1.0.2", "web").BuildState();
        Assert.Equal([Web], state.Current.StagedEndpoints.Select(staged => staged.Service));

        state.Apply(new() { RemovedAddresses = [Web1] });

        Assert.Empty(state.Current.StagedEndpoints);
        Assert.Empty(state.Apply(new MeshBuilder().Service("web", "10.0.0.10").Delta).Snapshot.FindService(Web)!.Endpoints);
    }

    [Fact]
    public void Updates_come_before_removals()
    {
        var state = new MeshBuilder().Service("web").Workload("web-1", "10.1.0.2", "web").BuildState();

        state.Apply(new() { Workloads = new MeshBuilder().Workload("web-1", "10.1.0.3", "web").Delta.Workloads, RemovedAddresses = [Web1] });

        Assert.Null(state.Current.FindWorkload(Web1));
        Assert.Empty(EndpointsOf(state.Current));
    }

    [Fact]
    public void A_workload_that_moves_leaves_its_old_address_and_service()
    {
        var state = new MeshBuilder().Service("web").Service("api").Workload("web-1", "10.1.0.2", "web").BuildState();

        state.Apply(Workloads(new MeshBuilder().Workload("web-1", "10.1.0.3", "api")));

        Assert.Null(state.Current.FindWorkload(MeshBuilder.Address("10.1.0.2")));
        Assert.Equal("web-1", state.Current.FindWorkload(MeshBuilder.Address("10.1.0.3"))?.Name);
        Assert.Empty(EndpointsOf(state.Current));
        Assert.Equal(["web-1"], EndpointsOf(state.Current, "api"));
    }

    [Fact]
    public void A_service_created_again_has_its_endpoints_at_once()
    {
        var state = new MeshBuilder().Service("web", "10.0.0.10").Workload("web-1", "10.1.0.2", "web").BuildState();

        state.Apply(new() { RemovedAddresses = [Web.ToString()] });
        Assert.Null(state.Current.FindService(Web));
        Assert.Null(state.Current.FindService(MeshBuilder.Address("10.0.0.10"), null));
        state.Apply(new MeshBuilder().Service("web", "10.0.0.11").Delta);

        Assert.Equal(["web-1"], EndpointsOf(state.Current));
    }

    [Fact]
    public void Unhealthy_endpoints_are_used_only_if_the_service_says_so()
    {
        MeshBuilder Mesh(HealthPolicy health) => new MeshBuilder()
            .Service("web", with: s => s with { LoadBalancing = new() { HealthPolicy = health } });
        var state = Mesh(HealthPolicy.OnlyHealthy).Workload("ok", "10.1.0.2", "web")
            .Workload("sick", "10.1.0.3", "web", with: w => w with { Status = WorkloadStatus.Unhealthy }).BuildState();

        Assert.Equal(["ok"], EndpointsOf(state.Current));
        state.Apply(Mesh(HealthPolicy.AllowAll).Delta);
        Assert.Equal(["ok", "sick"], EndpointsOf(state.Current));
        state.Apply(Mesh(HealthPolicy.OnlyHealthy).Delta);
        Assert.Equal(["ok"], EndpointsOf(state.Current));
    }

    [Fact]
    public void An_endpoint_that_becomes_unhealthy_leaves_and_comes_back()
    {
        MeshBuilder Pod(WorkloadStatus status) => new MeshBuilder().Workload("web-1", "10.1.0.2", "web", with: w => w with { Status = status });
        var state = Pod(WorkloadStatus.Healthy).Service("web").BuildState();

        state.Apply(Pod(WorkloadStatus.Unhealthy).Delta);
        Assert.Empty(EndpointsOf(state.Current));
        state.Apply(Pod(WorkloadStatus.Healthy).Delta);
        Assert.Equal(["web-1"], EndpointsOf(state.Current));
    }

    [Fact]
    public void A_batch_rebuilds_each_service_once()
    {
        var mesh = new MeshBuilder().Service("web").Service("api");
        for (var i = 0; i < 100; i++) mesh.Workload($"pod-{i}", $"10.1.0.{i}", "web api");
        var services = MeshSnapshot.Empty.ServiceTable.ToBuilder();

        foreach (var service in mesh.Delta.Services) services.Replace(null, service);
        foreach (var workload in mesh.Delta.Workloads) services.Replace(null, workload);

        Assert.Equal(2, services.TouchedServices);
        Assert.All(services.ToTable().All.Items, entry => Assert.Equal(100, entry.Endpoints.Count()));
    }

    [Fact]
    public void A_snapshot_never_changes()
    {
        var state = new MeshBuilder().Service("web").Workload("web-1", "10.1.0.2", "web").BuildState();
        var before = state.Current;

        state.Apply(new() { RemovedAddresses = [Web1, Web.ToString()] });

        Assert.Equal(["web-1"], EndpointsOf(before));
        Assert.NotNull(before.FindWorkload(Web1));
        Assert.Equal(0, state.Current.WorkloadCount + state.Current.ServiceCount);
    }

    [Fact]
    public void What_changes_nothing_is_no_change()
    {
        var mesh = new MeshBuilder().Service("web", "10.0.0.10").Workload("web-1", "10.1.0.2", "web").Policy("p", PolicyAction.Deny);
        var state = mesh.BuildState();
        var (before, told) = (state.Current, 0);
        state.Changed += _ => told++;

        state.Apply(mesh.Delta);

        Assert.Same(before, state.Current);
        Assert.Equal(0, told);
    }

    [Fact]
    public void Names_to_remove_that_nobody_knows_are_reported()
    {
        var change = new MeshState().Apply(new() { RemovedAddresses = ["a//Pod/b/c", "ns/host"], RemovedPolicies = ["ns/p"] });

        Assert.Equal(["a//Pod/b/c", "ns/host", "ns/p"], change.UnknownRemovals);
    }

    [Fact]
    public void A_pod_comes_before_other_workloads_of_its_address()
    {
        var pod = new MeshBuilder().Workload("pod", "10.1.0.2", protocol: TunnelProtocol.None).Delta;
        var entry = new MeshBuilder().Workload("entry", "10.1.0.2", with: w => w with { Uid = "c/networking.istio.io/WorkloadEntry/default/entry" }).Delta;

        foreach (var order in new[] { new[] { pod, entry }, [entry, pod] })
        {
            var state = new MeshState();
            foreach (var delta in order) state.Apply(delta);
            Assert.Equal("pod", state.Current.FindWorkload(MeshBuilder.Address("10.1.0.2"))?.Name);
            state.Apply(new() { RemovedAddresses = [MeshBuilder.Uid("pod")] });
            Assert.Equal("entry", state.Current.FindWorkload(MeshBuilder.Address("10.1.0.2"))?.Name);
        }
    }

    [Fact]
    public void An_address_belongs_to_the_pod_that_took_it_last()
    {
        var state = new MeshBuilder().Workload("old", "10.1.0.2").Workload("new", "10.1.0.2").BuildState();

        state.Apply(Workloads(new MeshBuilder().Workload("old", "10.1.0.2", with: w => w with { Status = WorkloadStatus.Unhealthy })));

        Assert.Equal("new", state.Current.FindWorkload(MeshBuilder.Address("10.1.0.2"))?.Name);
    }

    [Fact]
    public void Workloads_are_found_by_host_and_services_before_them()
    {
        var mesh = new MeshBuilder().Workload("vm", "10.1.0.2", with: w => w with { Hostname = "vm.example.com" });

        Assert.Equal("vm", mesh.Build().Find(new ServiceKey("default", "vm.example.com")).Workload?.Name);
        Assert.False(mesh.Build().Find(new ServiceKey("other", "vm.example.com")).IsKnown);
        mesh.Service("vm", with: s => s with { Hostname = "vm.example.com" });
        Assert.NotNull(mesh.Build().Find(new ServiceKey("default", "vm.example.com")).Service);
    }

    [Fact]
    public void Only_pods_of_this_node_are_local()
    {
        var state = new MeshBuilder().Workload("here", "10.1.0.2", with: w => w with { Node = "n1" })
            .Workload("there", "10.1.0.3", with: w => w with { Node = "n2" }).BuildState(localNode: "n1");

        Assert.NotNull(state.Current.FindLocalWorkload(new("here", "default", "here")));
        Assert.Null(state.Current.FindLocalWorkload(new("here", "default", "another")));
        Assert.Null(state.Current.FindLocalWorkload(new("there", "default", "there")));
        Assert.Equal(["here"], state.Current.LocalIdentities.Select(id => id.ServiceAccount));
    }

    [Fact]
    public void An_identity_is_gone_with_the_last_local_pod_that_has_it()
    {
        static Workload Shared(Workload w) => w with { ServiceAccount = "shared" };
        var id = new SpiffeId("cluster.local", "default", "shared");
        var state = new MeshState();

        Assert.Equal([id], state.Apply(new MeshBuilder().Workload("a", "10.1.0.1", with: Shared).Workload("b", "10.1.0.2", with: Shared).Delta).NewLocalIdentities);
        Assert.Empty(state.Apply(new() { RemovedAddresses = [MeshBuilder.Uid("a")] }).GoneLocalIdentities);
        Assert.Equal([id], state.Apply(new() { RemovedAddresses = [MeshBuilder.Uid("b")] }).GoneLocalIdentities);
    }

    [Fact]
    public void Open_connections_are_judged_anew_when_policies_or_their_attachment_change()
    {
        var state = new MeshBuilder().Workload("web-1", "10.1.0.2").Policy("p", PolicyAction.Deny, PolicyScope.WorkloadSelector).BuildState();
        var version = state.Current.PolicyVersion;

        var unrelated = state.Apply(new MeshBuilder().Workload("web-2", "10.1.0.3", with: w => w with { Node = "x" }).Service("web").Delta);
        var attached = state.Apply(Workloads(new MeshBuilder().Workload("web-1", "10.1.0.2", with: w => w with { AuthorizationPolicies = ["default/p"] })));
        var same = state.Apply(Workloads(new MeshBuilder().Workload("web-1", "10.1.0.2", "web", with: w => w with { AuthorizationPolicies = ["default/p"] })));
        var policy = state.Apply(new() { RemovedPolicies = ["default/p"] });

        Assert.Equal([MeshBuilder.Uid("web-2")], unrelated.ReattachedWorkloads); // it is new
        Assert.Equal([Web1], attached.ReattachedWorkloads);
        Assert.Empty(same.ReattachedWorkloads);
        Assert.True(policy.PoliciesChanged);
        Assert.False(attached.PoliciesChanged);
        Assert.Equal(version + 3, state.Current.PolicyVersion);
    }

    [Fact]
    public void A_policy_that_changes_its_scope_applies_there_only()
    {
        var state = new MeshBuilder().Workload("a", "10.1.0.1").Workload("other/b", "10.1.0.2").Policy("p", PolicyAction.Deny).BuildState();
        (int, int) Applying() => (
            state.Current.PoliciesFor(state.Current.FindWorkload(MeshBuilder.Uid("a"))!).Policies.Count,
            state.Current.PoliciesFor(state.Current.FindWorkload(MeshBuilder.Uid("other/b"))!).Policies.Count);

        Assert.Equal((1, 0), Applying());
        state.Apply(new MeshBuilder().Policy("p", PolicyAction.Deny, PolicyScope.Global).Delta);
        Assert.Equal((1, 1), Applying());
        state.Apply(new MeshBuilder().Policy("p", PolicyAction.Deny, PolicyScope.WorkloadSelector).Delta);
        Assert.Equal((0, 0), Applying());
        state.Apply(new() { RemovedPolicies = ["default/p"] });
        Assert.Equal(0, state.Current.PolicyCount);
    }

    [Fact]
    public async Task A_pod_that_is_not_known_yet_is_waited_for()
    {
        var state = new MeshState();
        var waiting = state.WaitForLocalWorkloadAsync(new("web", "default", "web"), CancellationToken.None);
        Assert.False(waiting.IsCompleted);

        state.Apply(Workloads(new MeshBuilder().Workload("other", "10.1.0.1")));
        Assert.False(waiting.IsCompleted);
        state.Apply(Workloads(new MeshBuilder().Workload("web", "10.1.0.2")));

        Assert.Equal("web", (await waiting).Name);
        Assert.Equal("web", (await state.WaitForLocalWorkloadAsync(new("web", "default", "web"), CancellationToken.None)).Name);
    }

    [Fact]
    public async Task Waiting_for_a_pod_ends_when_the_caller_gives_up()
    {
        using var patience = new CancellationTokenSource();
        var waiting = new MeshState().WaitForLocalWorkloadAsync(new("web", "default", "web"), patience.Token);

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
