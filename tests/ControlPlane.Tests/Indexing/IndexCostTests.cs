using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>A change costs what depends on it, not what is known.</summary>
public sealed class IndexCostTests
{
    private const int Pods = 3000, Services = 600; // five pods each

    private readonly IndexedMesh _mesh = new();

    public IndexCostTests()
    {
        _mesh.Set(Enumerable.Range(0, Services).Select(static n => Service($"svc{n}", $"app=app{n}")));
        _mesh.Set(Enumerable.Range(0, Pods).Select(static n => Pod($"pod{n}", $"10.1.{n / 250}.{n % 250}", $"app=app{n % Services} team=all", node: $"node{n % 100}")));
        _mesh.Set(Namespace("default"), Namespace("istio-system"), Namespace("elsewhere"), Peer("istio-system/default", "PERMISSIVE"));
    }

    [Fact]
    public void A_pod_costs_one() => Assert.Equal(1, CostOf(() => _mesh.Set(Pod("pod7", "10.9.9.9", "app=app7 team=all"))));

    [Fact]
    public void A_services_ports_cost_its_pods() => Assert.Equal(5, CostOf(() => _mesh.Set(Service("svc7", "app=app7", "81"))));

    [Fact]
    public void A_services_selector_costs_the_pods_before_and_after() => Assert.Equal(10, CostOf(() => _mesh.Set(Service("svc7", "app=app8"))));

    [Fact]
    public void A_services_waypoint_costs_its_pods_which_refuse_what_comes_around_it() => Assert.Equal(5, CostOf(() => _mesh.Set(Waypoint("wp"), Service("svc7", "app=app7", labels: "istio.io/use-waypoint=wp"))));

    [Fact]
    public void A_new_policy_costs_the_pods_it_selects() => Assert.Equal(5, CostOf(() => _mesh.Set(Policy("istio-system/p", selector: "app=app7 team=all"))));

    [Fact]
    public void A_policys_rules_cost_no_pod()
    {
        _mesh.Set(Policy("p", selector: "app=app7"));

        Assert.Equal(0, CostOf(() => _mesh.Set(Policy("p", "DENY", "app=app7"))));
    }

    [Fact]
    public void A_policy_for_all_costs_no_pod() => Assert.Equal(0, CostOf(() => _mesh.Set(Policy("p", "DENY"))));

    [Fact]
    public void A_node_costs_the_pods_on_it() => Assert.Equal(30, CostOf(() => _mesh.Set(Node("node7", "topology.kubernetes.io/zone=z"))));

    [Fact]
    public void A_nodes_other_labels_cost_nothing() => Assert.Equal(0, CostOf(() => _mesh.Set(Node("node7", "kubernetes.io/os=linux"))));

    [Fact]
    public void A_namespace_costs_what_is_in_it()
    {
        Assert.Equal(0, CostOf(() => _mesh.Set(Namespace("elsewhere", "x=y"))));
        Assert.Equal(0, CostOf(() => _mesh.Set(Namespace("default"))));
        Assert.Equal(Pods, CostOf(() => _mesh.Set(Namespace("default", "istio.io/use-waypoint=wp"))));
    }

    [Fact]
    public void Pods_of_one_service_share_what_is_equal()
    {
        Assert.Same(_mesh.Pod("pod7").Services[0], _mesh.Pod($"pod{7 + Services}").Services[0]);
        // Two texts may fall into one slot of the cache, so not every pair shares; most do.
        var sharing = Enumerable.Range(0, Services).Count(n => ReferenceEquals(_mesh.Pod($"pod{n}").CanonicalName, _mesh.Pod($"pod{n + Services}").CanonicalName));
        Assert.InRange(sharing, Services / 2, Services);
    }

    private long CostOf(Action change)
    {
        var before = _mesh.Index.RebuiltWorkloads;
        change();
        return _mesh.Index.RebuiltWorkloads - before;
    }
}
