using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority;
using Ambient.Model.Identities;
using Ambient.TestKit;

namespace Ambient.ControlPlane.Tests.Authority;

public sealed class CertificateAuthorityTests
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly ManualTime _time = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly AuthorityOptions _options = new();
    private readonly PublicKey _key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    private DateTimeOffset Now => _time.GetUtcNow();

    private CertificateAuthority With(KeyMaterial material, TimeSpan? longest = null)
    {
        var signer = Signer.Load(material, Now);
        var authority = new CertificateAuthority(_options, _time);
        authority.Use(new(signer, AuthorityState.First(signer, Day).RootsPem, longest ?? Day));
        return authority;
    }

    private KeyMaterial SelfSigned() => RootKey.Create("cluster.local", Now, TimeSpan.FromDays(3650));

    private (KeyMaterial Material, TestCertificate Intermediate) PluggedIn(TimeSpan? life = null, AsymmetricAlgorithm? rootKey = null)
    {
        var root = TestCertificate.Root("company root", Now - Day, 1000 * Day, rootKey);
        var middle = root.Intermediate("company policy", Now - Day, 900 * Day);
        var signer = middle.Intermediate("mesh", Now - Day, life ?? 800 * Day);
        return (signer.Material(root, middle), signer);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task OpenSSL_accepts_what_is_signed_for_both_ends_of_tls(bool pluggedIn)
    {
        var authority = With(pluggedIn ? PluggedIn().Material : SelfSigned());

        var chain = authority.Sign(_key, Web, Day);

        Assert.Equal(pluggedIn ? 4 : 2, chain.Count); // leaf, intermediates one by one, roots
        Assert.All(chain, element => Assert.EndsWith("-----END CERTIFICATE-----\n", element));
        foreach (var purpose in new[] { "sslclient", "sslserver" })
            Assert.Contains("OK", await OpenSsl.VerifyAsync(chain, purpose, Now));
    }

    [Fact]
    public async Task A_leaf_says_exactly_what_peers_expect()
    {
        var leaf = With(SelfSigned()).Sign(_key, Web, Day)[0];

        var text = await OpenSsl.TextAsync(leaf);

        Assert.Contains("Subject: \n", text.Replace("\r", ""));
        Assert.Contains("X509v3 Subject Alternative Name: critical\n                URI:spiffe://cluster.local/ns/shop/sa/web\n", text);
        Assert.Contains("X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n", text);
        Assert.Contains("TLS Web Server Authentication, TLS Web Client Authentication", text);
        Assert.Contains("X509v3 Basic Constraints: critical\n                CA:FALSE", text);
        Assert.Contains("X509v3 Authority Key Identifier", text);
        Assert.Contains("ecdsa-with-SHA256", text);
    }

    [Fact]
    public void Names_in_the_request_are_ignored()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=admin", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri("spiffe://cluster.local/ns/kube-system/sa/admin"));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));

        var leaf = OpenSsl.Parse(With(SelfSigned()).Sign(SigningRequest.Read(request.CreateSigningRequestPem()), Web, Day)[0]);

        Assert.Equal("", leaf.Subject);
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/web", Ambient.Certificates.UriSubjectAlternativeName.FirstOf(leaf));
        Assert.False(leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
    }

    [Fact]
    public void Validity_begins_two_minutes_ago_and_lasts_as_long_as_granted()
    {
        var leaf = OpenSsl.Parse(With(SelfSigned()).Sign(_key, Web, TimeSpan.FromHours(3))[0]);

        Assert.Equal(Now.AddMinutes(-2), leaf.NotBefore.ToUniversalTime());
        Assert.Equal(Now.AddHours(3), leaf.NotAfter.ToUniversalTime());
    }

    [Fact]
    public void No_leaf_outlives_the_shortest_certificate_above_it()
    {
        var authority = With(PluggedIn(life: Day + TimeSpan.FromHours(5)).Material);

        var leaf = OpenSsl.Parse(authority.Sign(_key, Web, Day)[0]);

        Assert.Equal(Now.AddHours(5), leaf.NotAfter.ToUniversalTime());
    }

    [Fact]
    public void An_authority_at_its_end_says_so_instead_of_signing()
    {
        var authority = With(PluggedIn(life: Day + TimeSpan.FromMinutes(20)).Material);
        _time.Advance(TimeSpan.FromMinutes(19.5));
        authority.Confirm();

        var error = Assert.Throws<AuthorityException>(() => authority.Sign(_key, Web, Day));

        Assert.Equal(AuthorityFailure.Unavailable, error.Failure);
        Assert.Contains("cacerts", error.Message);
    }

    [Fact]
    public void A_replica_that_has_lost_the_Secret_from_sight_stops_signing_before_it_could_do_harm()
    {
        var authority = With(SelfSigned());

        _time.Advance(_options.DistributionTime / 2);
        Assert.NotEmpty(authority.Sign(_key, Web, Day));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains("API server", Assert.Throws<AuthorityException>(() => authority.Sign(_key, Web, Day)).Message);
        authority.Confirm();
        Assert.NotEmpty(authority.Sign(_key, Web, Day));
    }

    [Theory, InlineData(0, 86400), InlineData(-5, 86400), InlineData(60, 60), InlineData(7776000, 7776000)]
    public void A_life_is_granted_as_asked_and_a_day_if_nothing_is_asked(long asked, long granted) =>
        Assert.Equal(granted, new CertificateAuthority(_options, _time).Grant(asked).TotalSeconds);

    [Theory, InlineData(7776001), InlineData(long.MaxValue)]
    public void A_life_beyond_the_limit_is_refused_by_name(long asked) =>
        Assert.Contains("7776000", Assert.Throws<AuthorityException>(() => new CertificateAuthority(_options, _time).Grant(asked)).Message);

    [Fact]
    public void No_life_is_longer_than_what_the_Secret_records()
    {
        var leaf = OpenSsl.Parse(With(SelfSigned(), longest: 2 * Day).Sign(_key, Web, 10 * Day)[0]);

        Assert.Equal(Now + 2 * Day, leaf.NotAfter.ToUniversalTime());
    }

    [Fact]
    public void Serial_numbers_are_random_and_128_bits_wide()
    {
        var authority = With(SelfSigned());

        var serials = Enumerable.Range(0, 200).Select(_ => Convert.FromHexString(OpenSsl.Parse(authority.Sign(_key, Web, Day)[0]).SerialNumber)).ToList();

        Assert.Equal(200, serials.Select(Convert.ToHexString).Distinct().Count());
        Assert.Contains(serials, serial => serial.Length == 17); // the highest bit was set, so DER puts a zero before it
        Assert.All(serials, serial => Assert.InRange(serial.Length, 14, 17));
    }

    [Fact]
    public async Task Many_threads_sign_at_once()
    {
        var authority = With(PluggedIn(rootKey: RSA.Create(2048)).Material);

        var chains = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            Enumerable.Range(0, 25).Select(_ => authority.Sign(_key, Web, Day)).ToList())));

        foreach (var chain in chains.Select(some => some[^1]))
            Assert.Contains("OK", await OpenSsl.VerifyAsync(chain, "sslserver", Now));
    }

    [Fact]
    public void An_RSA_authority_as_others_make_it_signs_for_elliptic_keys()
    {
        var root = TestCertificate.Root("stock", Now - Day, 100 * Day, RSA.Create(2048));

        var leaf = OpenSsl.Parse(With(root.Material(root)).Sign(_key, Web, Day)[0]);

        Assert.Equal("sha256RSA", leaf.SignatureAlgorithm.FriendlyName);
        Assert.NotNull(leaf.GetECDsaPublicKey());
    }

    [Fact]
    public void Before_the_first_reading_nothing_is_signed() =>
        Assert.Equal(AuthorityFailure.Unavailable,
            Assert.Throws<AuthorityException>(() => new CertificateAuthority(_options, _time).Sign(_key, Web, Day)).Failure);
}
