using System.Text;
using Ambient.ControlPlane.Authority;
using Ambient.Kubernetes.Resources;
using Ambient.TestKit;

namespace Ambient.ControlPlane.Tests.Authority;

public sealed class AuthorityControllerTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1), Hour = TimeSpan.FromHours(1);

    private readonly ManualTime _time = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly MemorySecrets _secrets = new();
    private readonly AuthorityOptions _options = new();

    private DateTimeOffset Now => _time.GetUtcNow();

    private Replica Start() => Replica.Start(_secrets, _options, _time);

    private async Task PassAsync(TimeSpan time, params Replica[] replicas)
    {
        for (var left = time; left > TimeSpan.Zero; left -= Hour / 2)
        {
            _time.Advance(left < Hour / 2 ? left : Hour / 2);
            foreach (var replica in replicas) await replica.ReconcileAsync();
        }
    }

    private KeyMaterial Company(string name, out TestCertificate root, TimeSpan? life = null)
    {
        root = TestCertificate.Root($"{name} root", Now - Day, 1000 * Day);
        return root.Intermediate($"{name} mesh", Now - Day, life ?? 500 * Day).Material(root);
    }

    [Fact]
    public async Task Replicas_that_start_together_share_one_root()
    {
        var replicas = Enumerable.Range(0, 8).Select(_ => Start()).ToList();

        await Task.WhenAll(replicas.Select(replica => Task.Run(replica.ReconcileAsync)));

        Assert.Single(replicas.Select(replica => replica.Authority.InForce!.RootsPem).Distinct());
        var secret = _secrets[AuthoritySecret.Name]!;
        Assert.Equal("istio.io/ca-root", secret.Type);
        Assert.Equal("istio-system", secret.Metadata.Namespace);
        Assert.Superset(new HashSet<string> { "ca-cert.pem", "ca-key.pem", "cert-chain.pem", "key.pem", "root-cert.pem" }, secret.Data!.Keys.ToHashSet());
    }

    [Fact]
    public async Task A_restart_changes_nothing_and_writes_nothing()
    {
        var replica = Start();
        await replica.ReconcileAsync();
        var (roots, writes) = (replica.Authority.InForce!.RootsPem, _secrets.Writes);

        replica.Restart();
        await replica.ReconcileAsync();
        await replica.ReconcileAsync();

        Assert.Equal((roots, writes), (replica.Authority.InForce!.RootsPem, _secrets.Writes));
    }

    [Fact]
    public async Task A_Secret_that_another_control_plane_made_is_taken_over()
    {
        var stock = TestCertificate.Root("cluster.local", Now - Day, 3000 * Day, System.Security.Cryptography.RSA.Create(2048));
        _secrets.Put(new Secret
        {
            Metadata = new() { Name = AuthoritySecret.Name, Namespace = "istio-system" }, Type = AuthoritySecret.Type,
            Data = new Dictionary<string, byte[]>
            {
                ["ca-cert.pem"] = Encoding.UTF8.GetBytes(stock.Pem), ["ca-key.pem"] = Encoding.UTF8.GetBytes(stock.KeyPem),
                ["cert-chain.pem"] = [], ["key.pem"] = [], ["root-cert.pem"] = Encoding.UTF8.GetBytes(stock.Pem),
            },
        });
        var replica = Start();

        await replica.ReconcileAsync();

        Assert.Equal("CN=cluster.local", (await replica.IssueAsync()).Anchor);
        Assert.Equal(_options.MaxLeafLifetime, replica.Controller.Report.LongestLeaf); // nobody knows what it has granted
    }

    [Fact]
    public async Task A_root_is_changed_in_three_steps_on_request()
    {
        var (leader, other) = (Start(), Start());
        other.Leads = false;
        await leader.ReconcileAsync();
        await other.ReconcileAsync();
        var before = await leader.IssueAsync();

        _secrets.Annotate("2030");
        await PassAsync(Hour, leader, other);
        var trusting = await other.IssueAsync();
        Assert.Equal(RotationPhase.TrustingBoth, other.Controller.Report.Phase);
        Assert.Equal((before.Anchor, 2), (trusting.Anchor, trusting.Bundle.Count));

        await PassAsync(Day + Hour, leader, other);
        var switched = await other.IssueAsync();
        Assert.Equal(RotationPhase.Retiring, other.Controller.Report.Phase);
        Assert.NotEqual(before.Anchor, switched.Anchor);
        Assert.Equal(2, switched.Bundle.Count);

        await PassAsync(Day + 2 * Hour, leader, other);
        var retired = await other.IssueAsync();
        Assert.Equal(RotationPhase.Steady, other.Controller.Report.Phase);
        Assert.Equal([switched.Anchor], retired.Bundle);
        var writes = _secrets.Writes;
        await PassAsync(10 * Day, leader, other);
        Assert.Equal(writes, _secrets.Writes); // one request, one rotation
    }

    [Fact]
    public async Task A_new_root_has_a_new_key()
    {
        var replica = Start();
        await replica.ReconcileAsync();
        var key = AuthoritySecret.Text(_secrets[AuthoritySecret.Name]!, "ca-key.pem");

        _secrets.Annotate("now");
        await PassAsync(Day + 2 * Hour, replica);

        Assert.NotEqual(key, AuthoritySecret.Text(_secrets[AuthoritySecret.Name]!, "ca-key.pem"));
    }

    [Fact]
    public async Task Longer_certificates_make_the_rotation_wait_longer()
    {
        var replica = Start();
        await replica.ReconcileAsync();
        var longest = await replica.IssueAsync(20 * Day);
        Assert.Equal(Now + 20 * Day, longest.NotAfter);

        _secrets.Annotate("now");
        await PassAsync(20 * Day, replica);
        Assert.Equal(longest.Anchor, (await replica.IssueAsync()).Anchor);
        await PassAsync(10 * Day + 2 * Hour, replica); // recorded as 30 days

        Assert.NotEqual(longest.Anchor, (await replica.IssueAsync()).Anchor);
    }

    [Fact]
    public async Task A_life_that_cannot_be_recorded_is_not_granted()
    {
        var replica = Start();
        await replica.ReconcileAsync();
        _secrets.Fault = (_, _) => throw new IOException("API server is away");

        await Assert.ThrowsAsync<IOException>(() => replica.Controller.RecordLifetimeAsync(20 * Day, default));

        Assert.Equal(Day, replica.Authority.InForce!.LongestLeaf);
    }

    [Fact]
    public async Task A_plugged_in_authority_is_used_from_the_start()
    {
        _secrets.PlugIn(Company("acme", out _));
        var replica = Start();

        await replica.ReconcileAsync();

        var leaf = await replica.IssueAsync();
        Assert.Equal("CN=acme root", leaf.Anchor);
        Assert.Equal(3, leaf.Chain.Count);
    }

    [Fact]
    public async Task Plugging_in_an_authority_while_another_signs_trusts_both_first()
    {
        var replica = Start();
        await replica.ReconcileAsync();
        var own = await replica.IssueAsync();

        _secrets.PlugIn(Company("acme", out _));
        await PassAsync(Hour, replica);
        var during = await replica.IssueAsync();
        Assert.Equal(own.Anchor, during.Anchor);
        Assert.Contains("CN=acme root", during.Bundle);
        await PassAsync(Day + Hour, replica);
        Assert.Equal("CN=acme root", (await replica.IssueAsync()).Anchor);
        await PassAsync(Day + 2 * Hour, replica);

        Assert.Equal(["CN=acme root"], (await replica.IssueAsync()).Bundle);
    }

    [Fact]
    public async Task A_renewed_intermediate_signs_at_once()
    {
        _secrets.PlugIn(Company("acme", out var root, life: 10 * Day));
        var replica = Start();
        await replica.ReconcileAsync();

        await PassAsync(8.5 * Day, replica);
        Assert.True((await replica.IssueAsync()).NotAfter < Now + Day); // cut to what signs it
        _secrets.PlugIn(root.Intermediate("renewed", Now, 100 * Day).Material(root));
        await replica.ReconcileAsync();

        var leaf = await replica.IssueAsync();
        Assert.Equal(Now + Day, leaf.NotAfter);
        Assert.Equal(RotationPhase.Steady, replica.Controller.Report.Phase);
    }

    [Fact]
    public async Task An_intermediate_near_its_end_is_reported_before_it_hurts()
    {
        _secrets.PlugIn(Company("acme", out _, life: 10 * Day));
        var replica = Start();
        await replica.ReconcileAsync();
        Assert.Null(replica.Controller.Report.Problem);

        await PassAsync(3 * Day, replica);

        Assert.Contains("acme mesh", replica.Controller.Report.Problem);
        Assert.Contains("cacerts", replica.Controller.Report.Problem);
    }

    [Fact]
    public async Task A_bad_update_changes_nothing_is_reported_and_heals_when_it_is_put_right()
    {
        var good = Company("acme", out var root);
        _secrets.PlugIn(good);
        var replica = Start();
        await replica.ReconcileAsync();

        _secrets.PlugIn(good with { Key = TestCertificate.Root("x", Now, Day).KeyPem });
        await replica.ReconcileAsync();
        Assert.Contains("not the key", replica.Controller.Report.Problem);
        Assert.Equal("CN=acme root", (await replica.IssueAsync()).Anchor);

        _secrets.PlugIn(root.Intermediate("second", Now - Day, 100 * Day).Material(root));
        await replica.ReconcileAsync();
        Assert.Null(replica.Controller.Report.Problem);
        Assert.Equal("CN=second", replica.Controller.Report.Signer);
    }

    [Fact]
    public async Task A_bad_plugged_in_authority_at_the_very_start_is_no_reason_to_invent_another()
    {
        _secrets.PlugIn(Company("acme", out _) with { Roots = "" });
        var replica = Start();

        var error = await Assert.ThrowsAsync<AuthorityException>(replica.ReconcileAsync);

        Assert.Contains("root-cert.pem is missing", error.Message);
        Assert.Null(_secrets[AuthoritySecret.Name]);
    }

    [Fact]
    public async Task A_plugged_in_authority_that_goes_away_keeps_signing()
    {
        _secrets.PlugIn(Company("acme", out _));
        var replica = Start();
        await replica.ReconcileAsync();

        _secrets.Delete(PluggedInAuthority.Name);
        await PassAsync(3 * Day, replica);
        replica.Restart();
        await replica.ReconcileAsync();

        Assert.Equal("CN=acme root", (await replica.IssueAsync()).Anchor);
    }

    [Fact]
    public async Task Revocation_lists_count_also_beside_an_authority_that_cannot_be_used()
    {
        const string lists = "-----BEGIN X509 CRL-----\nbGlzdA==\n-----END X509 CRL-----\n";
        _secrets.PlugIn(Company("acme", out _));
        var replica = Start();
        await replica.ReconcileAsync();
        _secrets.Edit(PluggedInAuthority.Name, secret => secret with
        {
            Data = new Dictionary<string, byte[]>(secret.Data!) { ["ca-key.pem"] = [], ["ca-crl.pem"] = Encoding.UTF8.GetBytes(lists) },
        });

        replica.Restart();
        await replica.ReconcileAsync();

        Assert.Equal("CN=acme root", (await replica.IssueAsync()).Anchor);
        Assert.Equal(lists, replica.Controller.Revocations);
        Assert.Contains("ca-key.pem", replica.Controller.Report.Problem);
    }

    [Fact]
    public async Task A_change_that_is_taken_back_before_it_came_into_force_leaves_no_trace()
    {
        var replica = Start();
        await replica.ReconcileAsync();
        var own = (await replica.IssueAsync()).Anchor;
        _secrets.PlugIn(Company("acme", out _));
        await PassAsync(Hour, replica);

        _secrets.Delete(PluggedInAuthority.Name);
        await PassAsync(3 * Day, replica);

        var leaf = await replica.IssueAsync();
        Assert.Equal(own, leaf.Anchor);
        Assert.Equal([own], leaf.Bundle);
    }

    [Fact]
    public async Task A_deleted_Secret_comes_back_as_it_was()
    {
        var replica = Start();
        await replica.ReconcileAsync();
        var roots = replica.Authority.InForce!.RootsPem;

        _secrets.Delete(AuthoritySecret.Name);
        await replica.ReconcileAsync();

        Assert.Equal(roots, AuthoritySecret.Text(_secrets[AuthoritySecret.Name]!, "root-cert.pem"));
    }

    [Fact]
    public async Task A_signer_that_was_replaced_by_hand_is_not_used_and_the_way_to_do_it_right_is_told()
    {
        var replica = Start();
        await replica.ReconcileAsync();
        var before = await replica.IssueAsync();
        var other = TestCertificate.Root("by hand", Now - Day, 100 * Day);

        _secrets.Edit(AuthoritySecret.Name, secret => secret with
        {
            Data = new Dictionary<string, byte[]>(secret.Data!)
            {
                ["ca-cert.pem"] = Encoding.UTF8.GetBytes(other.Pem), ["ca-key.pem"] = Encoding.UTF8.GetBytes(other.KeyPem),
                ["signer-root-cert.pem"] = Encoding.UTF8.GetBytes(other.Pem),
            },
        });

        Assert.Contains("cacerts", (await Assert.ThrowsAsync<AuthorityException>(replica.ReconcileAsync)).Message);
        Assert.Equal(before.Anchor, (await replica.IssueAsync()).Anchor);
    }

    [Fact]
    public async Task An_operator_may_trust_the_next_root_ahead_and_then_switch_without_another_wait()
    {
        var first = Company("old", out var oldRoot);
        _secrets.PlugIn(first);
        var replica = Start();
        await replica.ReconcileAsync();
        var next = Company("new", out var newRoot);

        _secrets.PlugIn(first with { Roots = oldRoot.Pem + newRoot.Pem });
        await PassAsync(Day + 2 * Hour, replica);
        _secrets.PlugIn(next with { Roots = newRoot.Pem });
        await replica.ReconcileAsync();

        var leaf = await replica.IssueAsync();
        Assert.Equal("CN=new root", leaf.Anchor);
        Assert.Contains("CN=old root", leaf.Bundle); // until the last one below it has ended
    }

    [Fact]
    public async Task An_operator_who_switches_too_soon_after_trusting_is_waited_for()
    {
        var first = Company("old", out var oldRoot);
        _secrets.PlugIn(first);
        var replica = Start();
        await replica.ReconcileAsync();
        var next = Company("new", out var newRoot);

        _secrets.PlugIn(first with { Roots = oldRoot.Pem + newRoot.Pem });
        await PassAsync(Hour, replica);
        _secrets.PlugIn(next with { Roots = newRoot.Pem });
        await replica.ReconcileAsync();
        Assert.Equal("CN=old root", (await replica.IssueAsync()).Anchor);
        await PassAsync(Day + Hour, replica);

        Assert.Equal("CN=new root", (await replica.IssueAsync()).Anchor);
    }

    [Fact]
    public async Task A_root_that_ended_while_nobody_ran_is_replaced_at_once()
    {
        var replica = Start();
        await replica.ReconcileAsync();
        _time.Advance(4000 * Day);
        replica.Restart();

        await replica.ReconcileAsync();

        Assert.Equal(Now + Day, (await replica.IssueAsync()).NotAfter);
    }
}
