using Ambient.Certificates.Authority;
using Ambient.Model.Identities;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Certificates.Tests;

public sealed class WorkloadCertificateTests : IAsyncLifetime
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");
    private static readonly SpiffeId Db = new("cluster.local", "shop", "db");

    private readonly string _directory = Directory.CreateTempSubdirectory("ca").FullName;
    private LocalAuthority _authority = null!;
    private WorkloadKey _key = null!;
    private IReadOnlyList<string> _chain = [];

    public async ValueTask InitializeAsync()
    {
        _authority = await LocalAuthority.OpenAsync(_directory, new() { WithIntermediate = true }, TimeProvider.System, default);
        _key = new WorkloadKey();
        _chain = _authority.Sign(_key.RequestFor(Web), TimeSpan.FromHours(1));
    }

    public ValueTask DisposeAsync()
    {
        _key.Dispose();
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void Leaf_first_roots_last_intermediates_between()
    {
        var certificate = WorkloadCertificate.FromChain(Web, _chain, _key.ExportPrivateKey());

        Assert.Equal(Web, certificate.Identity);
        Assert.Equal(2, certificate.Chain.Count);
        Assert.Single(certificate.Roots);
        Assert.InRange(certificate.Lifetime, TimeSpan.FromMinutes(60), TimeSpan.FromMinutes(63));
        Assert.Equal(certificate.Chain[0].SerialNumber, certificate.SerialNumber);
    }

    [Fact]
    public void The_key_is_never_printed()
    {
        var certificate = WorkloadCertificate.FromChain(Web, _chain, _key.ExportPrivateKey());

        Assert.DoesNotContain("PRIVATE", certificate.ToString());
        Assert.Contains(certificate.SerialNumber, certificate.ToString());
    }

    [Fact]
    public void Several_roots_in_one_text_are_all_kept()
    {
        IReadOnlyList<string> chain = [_chain[0], _chain[1], _chain[^1] + "\n" + _chain[^1]];

        var certificate = WorkloadCertificate.FromChain(Web, chain, _key.ExportPrivateKey());

        Assert.Equal(2, certificate.Roots.Count);
        Assert.Equal(2, certificate.TrustRootsPem.Split("BEGIN CERTIFICATE").Length - 1);
    }

    [Fact]
    public void An_empty_answer_or_one_without_root_is_refused()
    {
        AssertRefused(CertificateFailure.InvalidChain, "empty", () => Take(Web, []));
        AssertRefused(CertificateFailure.InvalidChain, "root is missing", () => Take(Web, [_chain[0]]));
        AssertRefused(CertificateFailure.InvalidChain, "no certificate", () => Take(Web, [_chain[0], ""]));
        AssertRefused(CertificateFailure.InvalidChain, "no certificate", () => Take(Web, ["", _chain[^1]]));
    }

    [Fact]
    public void A_certificate_for_somebody_else_is_refused()
    {
        AssertRefused(CertificateFailure.WrongIdentity, Web.ToString(), () => Take(Db, _chain));
        AssertRefused(CertificateFailure.WrongIdentity, "nobody", () => Take(Web, [_chain[^1], _chain[^1]]));
    }

    [Fact]
    public void A_leaf_over_another_key_is_refused()
    {
        using var other = new WorkloadKey();

        AssertRefused(CertificateFailure.InvalidChain, "another key",
            () => WorkloadCertificate.FromChain(Web, _chain, other.ExportPrivateKey()));
    }

    [Fact]
    public void More_certificates_than_allowed_are_refused()
    {
        var many = string.Concat(Enumerable.Repeat(_chain[^1] + "\n", WorkloadCertificate.MaxCertificates));

        AssertRefused(CertificateFailure.InvalidChain, $"{WorkloadCertificate.MaxCertificates}", () => Take(Web, [_chain[0], many]));
        AssertRefused(CertificateFailure.InvalidChain, "characters",
            () => Take(Web, [_chain[0], new string(' ', WorkloadCertificate.MaxChainCharacters)]));
    }

    [Fact]
    public void Any_text_is_a_certificate_or_a_typed_refusal() =>
        Prop.ForAll<string, string>((leaf, root) =>
        {
            try
            {
                Take(Web, [leaf ?? "", root ?? ""]);
                return false;
            }
            catch (CertificateException)
            {
                return true;
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_leaf_with_any_byte_changed_is_accepted_unchanged_or_refused()
    {
        var body = _chain[0].Split('\n')[1..^1];
        var der = Convert.FromBase64String(string.Concat(body));
        Prop.ForAll<NonNegativeInt, byte>((at, value) =>
        {
            var changed = (byte[])der.Clone();
            changed[at.Get % der.Length] ^= value;
            var pem = $"-----BEGIN CERTIFICATE-----\n{Convert.ToBase64String(changed)}\n-----END CERTIFICATE-----";
            try
            {
                return Take(Web, [pem, _chain[^1]]).Identity == Web;
            }
            catch (CertificateException)
            {
                return true;
            }
        }).QuickCheckThrowOnFailure();
    }

    private WorkloadCertificate Take(SpiffeId identity, IReadOnlyList<string> chain) =>
        WorkloadCertificate.FromChain(identity, chain, _key.ExportPrivateKey());

    private static void AssertRefused(CertificateFailure failure, string words, Action take)
    {
        var error = Assert.Throws<CertificateException>(take);
        Assert.Equal(failure, error.Failure);
        Assert.Contains(words, error.Message);
    }
}
