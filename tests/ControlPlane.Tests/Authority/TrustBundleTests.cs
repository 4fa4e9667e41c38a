using Ambient.ControlPlane.Tests.Cluster;
using Ambient.Kubernetes.Resources;
using Ambient.TestKit;

namespace Ambient.ControlPlane.Tests.Authority;

public sealed class TrustBundleTests
{
    private static ConfigMap? Bundle(AuthorityScene scene, string ns) => scene.Cluster.Find(ResourceTypes.ConfigMap, new(ns, "istio-ca-root-cert"));

    private static bool IsGood(AuthorityScene scene, string ns) => Bundle(scene, ns) is { } map &&
        map.Data!["root-cert.pem"] == scene.Parts.Authority.InForce!.RootsPem && map.Metadata.Label("istio.io/config") == "true";

    [Fact]
    public async Task Every_namespace_has_the_bundle_except_those_that_are_not_for_workloads()
    {
        await using var scene = await AuthorityScene.StartAsync();

        foreach (var ns in new[] { "shop", "istio-system", "kube-system" })
            await Until.TrueAsync(() => IsGood(scene, ns), $"{ns} has the bundle");
        scene.AddNamespace("later");
        await Until.TrueAsync(() => IsGood(scene, "later"), "a namespace that came later has the bundle");

        Assert.Null(Bundle(scene, "kube-public"));
        Assert.Null(Bundle(scene, "kube-node-lease"));
    }

    [Fact]
    public async Task What_is_edited_or_deleted_comes_back_and_what_others_add_stays()
    {
        await using var scene = await AuthorityScene.StartAsync();
        await Until.TrueAsync(() => IsGood(scene, "shop"), "shop has the bundle");

        var map = Bundle(scene, "shop")!;
        scene.Cluster.Put(ResourceTypes.ConfigMap, map with
        {
            Metadata = map.Metadata with { Labels = null },
            Data = new Dictionary<string, string> { ["root-cert.pem"] = "mine", ["note"] = "kept" },
        });
        await Until.TrueAsync(() => IsGood(scene, "shop"), "the edit is undone");
        Assert.Equal("kept", Bundle(scene, "shop")!.Data!["note"]);

        scene.Cluster.Delete(ResourceTypes.ConfigMap, new("shop", "istio-ca-root-cert"));
        await Until.TrueAsync(() => IsGood(scene, "shop"), "the deleted bundle is back");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Revocation_lists_of_a_plugged_in_authority_reach_every_namespace_and_so_does_each_new_one(bool published)
    {
        await using var scene = await AuthorityScene.StartAsync(options: new() { PublishRevocations = published });
        scene.Cluster.Put(ResourceTypes.Secret, PluggedIn(List("first")));
        await Until.TrueAsync(() => scene.Parts.Controller.Revocations == List("first"), "the list is read");

        if (!published)
        {
            await Until.TrueAsync(() => IsGood(scene, "shop"), "shop has the bundle");
            Assert.Null(Lists(scene, "shop"));
            return;
        }
        foreach (var ns in new[] { "shop", "istio-system" }) await Until.TrueAsync(() => Lists(scene, ns) == List("first"), $"{ns} has the list");
        scene.AddNamespace("later");
        await Until.TrueAsync(() => Lists(scene, "later") == List("first"), "a namespace that came later has the list");

        // Nothing else of the Secret changes.
        scene.Cluster.Put(ResourceTypes.Secret, PluggedIn(List("second")));
        await Until.TrueAsync(() => Lists(scene, "shop") == List("second") && Lists(scene, "later") == List("second"), "the new list is everywhere");

        static string List(string body) => $"-----BEGIN X509 CRL-----\n{Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(body))}\n-----END X509 CRL-----\n";
    }

    private static string? Lists(AuthorityScene scene, string ns) => scene.Cluster.Find(ResourceTypes.ConfigMap, new(ns, "istio-ca-crl"))?.Data?.GetValueOrDefault("ca-crl.pem");

    private static readonly TestCertificate Root = TestCertificate.Root("root", TimeProvider.System.GetUtcNow().AddDays(-1), TimeSpan.FromDays(30));
    private static readonly TestCertificate Issuer = Root.Intermediate("issuer", TimeProvider.System.GetUtcNow().AddDays(-1), TimeSpan.FromDays(20));

    private static Secret PluggedIn(string revocations)
    {
        var material = Issuer.Material(Root);
        return new()
        {
            Metadata = new() { Name = "cacerts", Namespace = "istio-system" },
            Data = new Dictionary<string, string>
            {
                ["ca-cert.pem"] = material.Certificate, ["ca-key.pem"] = material.Key, ["cert-chain.pem"] = material.Chain, ["root-cert.pem"] = material.Roots,
                ["ca-crl.pem"] = revocations,
            }.ToDictionary(static entry => entry.Key, static entry => System.Text.Encoding.UTF8.GetBytes(entry.Value)),
        };
    }

    [Fact]
    public async Task A_namespace_on_its_way_out_is_left_alone()
    {
        await using var scene = await AuthorityScene.StartAsync();

        scene.AddNamespace("ending", phase: "Terminating");
        scene.AddNamespace("later");
        await Until.TrueAsync(() => IsGood(scene, "later"), "the namespace after it has the bundle");

        Assert.Null(Bundle(scene, "ending"));
    }

    [Fact]
    public async Task Only_the_leader_writes_and_a_new_leader_catches_up()
    {
        await using var scene = await AuthorityScene.StartAsync();
        await Until.TrueAsync(() => IsGood(scene, "shop"), "shop has the bundle");
        scene.Leads = false;
        scene.Cluster.Delete(ResourceTypes.ConfigMap, new("shop", "istio-ca-root-cert"));
        scene.AddNamespace("later");

        scene.Leads = true;
        scene.Parts.OnLeadershipChanged();

        await Until.TrueAsync(() => IsGood(scene, "shop") && IsGood(scene, "later"), "both have the bundle");
    }

    [Fact]
    public async Task A_namespace_that_takes_nothing_holds_up_no_other()
    {
        var time = new ManualTime(TimeProvider.System.GetUtcNow());
        await using var scene = await AuthorityScene.StartAsync(time);
        await Until.TrueAsync(() => IsGood(scene, "shop"), "shop has the bundle");

        scene.Cluster.Closed = "closed";
        scene.AddNamespace("closed");
        await Until.TrueAsync(() => scene.Cluster.Refused > 0, "it is refused");
        scene.AddNamespace("later");
        await Until.TrueAsync(() => IsGood(scene, "later"), "a namespace that came later has the bundle");

        scene.Cluster.Closed = null;
        while (!IsGood(scene, "closed"))
        {
            await time.WhenPendingAsync(1).WaitAsync(TestContext.Current.CancellationToken);
            time.Advance(TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public async Task An_API_server_that_refuses_for_a_while_is_tried_again()
    {
        await using var scene = await AuthorityScene.StartAsync();
        await Until.TrueAsync(() => IsGood(scene, "shop"), "shop has the bundle");

        scene.Cluster.Failing = 403;
        scene.AddNamespace("later");
        scene.Cluster.Delete(ResourceTypes.ConfigMap, new("shop", "istio-ca-root-cert"));
        await Until.TrueAsync(() => scene.Cluster.Refused > 0, "the first attempt is refused");
        scene.Cluster.Failing = null;

        await Until.TrueAsync(() => IsGood(scene, "shop") && IsGood(scene, "later"), "both have the bundle");
    }
}
