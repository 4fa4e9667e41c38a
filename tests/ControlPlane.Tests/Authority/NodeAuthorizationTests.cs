using Ambient.ControlPlane.Authority;
using Ambient.ControlPlane.Callers;
using Ambient.Kubernetes.Resources;
using Ambient.TestKit;

namespace Ambient.ControlPlane.Tests.Authority;

public sealed class NodeAuthorizationTests
{
    private static readonly Caller Ztunnel = new("istio-system", "ztunnel", "zt-1", "u-1");

    private readonly ManualTime _time = new();
    private readonly AuthorityOptions _options = new() { TrustDomainAliases = ["old.example"] };
    private readonly Pods _pods = new();
    private readonly NodeAuthorization _nodes;

    public NodeAuthorizationTests()
    {
        _nodes = new(_options, _pods, _time);
        _pods.Cached.Add(Pod("istio-system", "zt-1", "ztunnel", "n1", uid: "u-1"));
        _pods.Cached.Add(Pod("istio-system", "zt-2", "ztunnel", "n2", uid: "u-2"));
        _pods.Cached.Add(Pod("shop", "web-1", "web", "n1"));
        _pods.Cached.Add(Pod("shop", "pay-1", "pay", "n2"));
    }

    private static Pod Pod(string ns, string name, string account, string? node, string phase = "Running", string uid = "u") => new()
    {
        Metadata = new() { Name = name, Namespace = ns, Uid = uid },
        Spec = new() { ServiceAccountName = account, NodeName = node },
        Status = new() { Phase = phase },
    };

    private async Task<string> AllowedAsync(string? requested, Caller? caller = null) =>
        (await _nodes.AuthorizeAsync(caller ?? Ztunnel, requested, default)).ToString();

    private async Task<string> RefusalAsync(string requested, Caller? caller = null) =>
        (await Assert.ThrowsAsync<RefusedException>(async () => await _nodes.AuthorizeAsync(caller ?? Ztunnel, requested, default))).Message;

    [Fact]
    public async Task Without_a_wish_the_caller_gets_its_own_identity() =>
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/web", await AllowedAsync(null, new("shop", "web", null, null)));

    [Theory, InlineData("spiffe://cluster.local/ns/shop/sa/web"), InlineData("spiffe://old.example/ns/shop/sa/web"),
     InlineData("spiffe://cluster.local/ns/istio-system/sa/ztunnel")]
    public async Task A_node_proxy_gets_the_identities_of_pods_on_its_node(string identity) =>
        Assert.Equal(identity, await AllowedAsync(identity));

    [Fact]
    public async Task Not_those_of_other_nodes_whose_pods_it_does_not_learn_about()
    {
        var message = await RefusalAsync("spiffe://cluster.local/ns/shop/sa/pay");

        Assert.Contains("n1", message);
        Assert.DoesNotContain("n2", message);
        Assert.DoesNotContain("pay-1", message);
    }

    [Theory, InlineData("other.example"), InlineData("cluster.local.evil"), InlineData("CLUSTER.LOCAL")]
    public async Task The_trust_domain_must_be_ours(string domain) => await RefusalAsync($"spiffe://{domain}/ns/shop/sa/web");

    [Theory, InlineData(""), InlineData("web"), InlineData("spiffe://cluster.local/ns/shop/sa/"), InlineData("spiffe://cluster.local/ns//sa/web"),
     InlineData("spiffe://cluster.local/ns/shop/sa/web/"), InlineData("spiffe://cluster.local/ns/shop/sa/web?x"), InlineData("spiffe://cluster.local/ns/shop/sa/we b"),
     InlineData("spiffe://cluster.local/ns/Shop/sa/web"), InlineData("spiffe://cluster.local/ns/shop/sa/web%2fx"), InlineData("SPIFFE://cluster.local/ns/shop/sa/web"),
     InlineData("spiffe://cluster.local/ns/shop/sa/-web"), InlineData("spiffe://cluster.local/ns/sh.op/sa/web"), InlineData("spiffe://cluster.local/ns/shop/sa/web\n")]
    public async Task An_identity_that_no_workload_can_have_is_refused(string requested) =>
        Assert.Contains("spiffe://<trust domain>", await RefusalAsync(requested));

    [Theory, InlineData("Succeeded"), InlineData("Failed")]
    public async Task Pods_that_have_ended_do_not_count(string phase)
    {
        _pods.Cached.Add(Pod("batch", "job-1", "job", "n1", phase));

        await RefusalAsync("spiffe://cluster.local/ns/batch/sa/job");
    }

    [Theory, InlineData("Pending"), InlineData("Running"), InlineData("Unknown"), InlineData("")]
    public async Task Pods_that_start_or_run_do(string phase)
    {
        _pods.Cached.Add(Pod("batch", "job-1", "job", "n1", phase));

        await AllowedAsync("spiffe://cluster.local/ns/batch/sa/job");
    }

    [Fact]
    public async Task Only_trusted_accounts_may_ask_for_others()
    {
        _pods.Cached.Add(Pod("shop", "web-2", "web", "n1", uid: "u-9"));

        Assert.Contains("not a trusted node account", await RefusalAsync("spiffe://cluster.local/ns/shop/sa/web", new("shop", "web", "web-2", "u-9")));
        Assert.Contains("client certificate", await RefusalAsync("spiffe://cluster.local/ns/shop/sa/web", Ztunnel with { PodName = null, PodUid = null }));
        _options.TrustedNodeAccounts = [];
        Assert.Contains("CA_TRUSTED_NODE_ACCOUNTS", await RefusalAsync("spiffe://cluster.local/ns/shop/sa/web"));
    }

    [Theory, InlineData("zt-9", "u-1", "does not exist"), InlineData("zt-1", "u-0", "UID"), InlineData("zt-3", "u-3", "another service account"),
     InlineData("zt-4", "u-4", "not on a node"), InlineData("zt-5", "u-5", "has ended")]
    public async Task The_calling_pod_must_be_the_one_of_the_token(string pod, string uid, string named)
    {
        _pods.Cached.Add(Pod("istio-system", "zt-3", "other", "n1", uid: "u-3"));
        _pods.Cached.Add(Pod("istio-system", "zt-4", "ztunnel", null, uid: "u-4"));
        _pods.Cached.Add(Pod("istio-system", "zt-5", "ztunnel", "n1", "Failed", uid: "u-5"));

        Assert.Contains(named, await RefusalAsync("spiffe://cluster.local/ns/shop/sa/web", Ztunnel with { PodName = pod, PodUid = uid }));
    }

    [Fact]
    public async Task A_pod_that_the_cache_has_not_seen_yet_is_asked_for()
    {
        _pods.Stored.Add(Pod("shop", "new-1", "new", "n1"));
        Assert.NotNull(await AllowedAsync("spiffe://cluster.local/ns/shop/sa/new"));

        _pods.Cached.RemoveAll(pod => pod.Metadata.Name == "zt-1");
        _pods.Stored.Add(Pod("istio-system", "zt-1", "ztunnel", "n1", uid: "u-1"));
        Assert.NotNull(await AllowedAsync("spiffe://cluster.local/ns/shop/sa/web"));
    }

    [Fact]
    public async Task Who_keeps_asking_for_what_is_not_there_does_not_keep_the_API_server_busy()
    {
        for (var i = 0; i < 50; i++) await RefusalAsync("spiffe://cluster.local/ns/shop/sa/gone");
        Assert.Equal(1, _pods.Questions);

        _time.Advance(TimeSpan.FromSeconds(1));
        _pods.Stored.Add(Pod("shop", "gone-1", "gone", "n1"));
        Assert.NotNull(await AllowedAsync("spiffe://cluster.local/ns/shop/sa/gone"));
    }

    private sealed class Pods : INodePods
    {
        public List<Pod> Cached { get; } = [];
        public List<Pod> Stored { get; } = [];
        public int Questions { get; private set; }

        public Pod? Find(ObjectName name) => Cached.Find(pod => ObjectName.Of(pod) == name);

        public IEnumerable<Pod> On(string node, string @namespace, string serviceAccount) =>
            Cached.Where(pod => pod.Spec!.NodeName == node && pod.Metadata.Namespace == @namespace && pod.Spec.ServiceAccountName == serviceAccount);

        public Task<Pod?> AskAsync(ObjectName name, CancellationToken stop) => Task.FromResult(Stored.Concat(Cached).FirstOrDefault(pod => ObjectName.Of(pod) == name));

        public Task<IReadOnlyList<Pod>> AskOnAsync(string node, string @namespace, CancellationToken stop)
        {
            Questions++;
            return Task.FromResult<IReadOnlyList<Pod>>([.. Stored.Concat(Cached).Where(pod => pod.Spec!.NodeName == node && pod.Metadata.Namespace == @namespace)]);
        }
    }
}
