using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Authority;
using Ambient.Model.Identities;

namespace Ambient.Certificates.Tests;

/// <summary>Answers whose certificates are each sound, but not the way from the leaf to a root.</summary>
public sealed class PathTests : IDisposable
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256), _middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly WorkloadKey _key = new();
    private readonly X509Certificate2 _root, _middle, _leaf;

    public PathTests()
    {
        _root = Authority("O=root", _rootKey).CreateSelfSigned(Now.AddHours(-1), Now.AddDays(30));
        _middle = Sign(Authority("O=middle", _middleKey), _root, _rootKey, Now.AddHours(2));
        var request = CertificateRequest.LoadSigningRequestPem(_key.RequestFor(Web), HashAlgorithmName.SHA256);
        _leaf = Sign(WorkloadLeaf.RequestFor(request.PublicKey, Web, HashAlgorithmName.SHA256), _middle, _middleKey, Now.AddHours(24));
    }

    public void Dispose()
    {
        foreach (var one in new IDisposable[] { _root, _middle, _leaf, _key, _rootKey, _middleKey }) one.Dispose();
    }

    [Fact]
    public void It_runs_out_with_the_first_of_its_chain()
    {
        var certificate = Take([_leaf, _middle], [_root]);

        Assert.Equal(_middle.NotAfter.ToUniversalTime(), certificate.NotAfter.UtcDateTime);
        Assert.True(certificate.IsValidAt(Now.AddHours(1)));
        Assert.False(certificate.IsValidAt(Now.AddHours(3)));
    }

    [Fact]
    public void What_is_not_on_the_way_does_no_harm_when_it_has_run_out()
    {
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var older = Authority("O=older", otherKey).CreateSelfSigned(Now.AddDays(-30), Now.AddDays(-1));
        using var oldMiddle = Sign(Authority("O=middle", _middleKey), _root, _rootKey, Now.AddMinutes(-1)); // the authority's, before it was renewed

        Assert.Equal(_middle.NotAfter.ToUniversalTime(), Take([_leaf, _middle, older], [_root]).NotAfter.UtcDateTime);
        Assert.Equal(_middle.NotAfter.ToUniversalTime(), Take([_leaf, _middle, oldMiddle], [older, _root]).NotAfter.UtcDateTime);
    }

    [Fact]
    public void A_chain_that_does_not_lead_to_a_root_is_refused()
    {
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = Authority("O=root", otherKey).CreateSelfSigned(Now.AddHours(-1), Now.AddDays(1));

        AssertRefused([_leaf], [_root]); // cut off
        AssertRefused([_leaf, _root], [_root]); // the wrong one between
        AssertRefused([_leaf, _middle], [other]); // of the same name, but another key
    }

    [Fact]
    public void One_of_several_roots_is_enough_and_need_not_have_signed_itself()
    {
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = Authority("O=root", otherKey).CreateSelfSigned(Now.AddHours(-1), Now.AddDays(1)); // as while the root is being replaced

        Assert.Equal(2, Take([_leaf, _middle], [other, _root]).Roots.Count);
        Assert.Equal(2, Take([_leaf, _middle], [_root, other]).Roots.Count);
        Assert.Single(Take([_leaf], [_middle]).Roots);
        Assert.Single(Take([_leaf, _middle, _root], [_middle]).Roots);
    }

    private void AssertRefused(X509Certificate2[] presented, X509Certificate2[] roots)
    {
        var error = Assert.Throws<CertificateException>(() => Take(presented, roots));
        Assert.Equal(CertificateFailure.InvalidChain, error.Failure);
        Assert.Contains("does not lead", error.Message);
    }

    private WorkloadCertificate Take(X509Certificate2[] presented, X509Certificate2[] roots) =>
        WorkloadCertificate.FromChain(Web, [Pem(presented), Pem(roots)], _key.ExportPrivateKey());

    private static string Pem(X509Certificate2[] certificates) => string.Join('\n', certificates.Select(static certificate => certificate.ExportCertificatePem()));

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        return request;
    }

    private static X509Certificate2 Sign(CertificateRequest request, X509Certificate2 issuer, ECDsa issuerKey, DateTimeOffset until) =>
        request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), Now.AddMinutes(-2), until, RandomNumberGenerator.GetBytes(16));
}
