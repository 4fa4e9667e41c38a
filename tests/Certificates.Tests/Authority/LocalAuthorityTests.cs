using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Authority;
using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.TestKit;

namespace Ambient.Certificates.Tests.Authority;

public sealed class LocalAuthorityTests : IDisposable
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");

    private readonly string _directory = Path.Combine(Directory.CreateTempSubdirectory("ca").FullName, "authority");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_directory)!, recursive: true);

    private Task<LocalAuthority> OpenAsync(bool withIntermediate = false, TimeProvider? time = null) =>
        LocalAuthority.OpenAsync(_directory, new() { WithIntermediate = withIntermediate }, time ?? TimeProvider.System, default);

    [Theory, InlineData(false), InlineData(true)]
    public async Task OpenSSL_verifies_what_it_signs_for_both_ends_of_tls(bool withIntermediate)
    {
        using var authority = await OpenAsync(withIntermediate);
        using var key = new WorkloadKey();

        var chain = authority.Sign(key.RequestFor(Web), TimeSpan.FromHours(1));

        Assert.Equal(withIntermediate ? 3 : 2, chain.Count);
        foreach (var purpose in new[] { "sslclient", "sslserver" })
            Assert.Contains("OK", await VerifyAsync(chain, purpose));
    }

    [Theory, InlineData(3651), InlineData(-1)]
    public async Task An_authority_that_is_not_valid_now_says_so(int daysLater)
    {
        var start = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
        using (await OpenAsync(time: new ManualTime(start))) { }
        using var authority = await OpenAsync(time: new ManualTime(start.AddDays(daysLater)));
        using var key = new WorkloadKey();

        var error = Assert.Throws<CertificateException>(() => authority.Sign(key.RequestFor(Web), TimeSpan.FromHours(1)));

        Assert.Equal(CertificateFailure.SourceUnavailable, error.Failure);
        Assert.Contains("2030-01-02 03:02:05Z", error.Message);
    }

    [Fact]
    public async Task Keys_are_readable_by_their_owner_only()
    {
        using var authority = await OpenAsync(withIntermediate: true);

        foreach (var file in new[] { "ca-key.pem", "root-key.pem" })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory, file)));
    }

    [Fact]
    public async Task Who_opens_the_same_directory_belongs_to_the_same_mesh()
    {
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => OpenAsync(withIntermediate: i % 2 == 0)));

        Assert.Single(all.Select(authority => authority.RootsPem).Distinct());
        foreach (var authority in all)
            authority.Dispose();
    }

    [Fact]
    public async Task A_plugged_in_authority_is_used_as_it_is()
    {
        using (await OpenAsync(withIntermediate: true)) { }
        File.Delete(Path.Combine(_directory, "root-key.pem"));

        using var authority = await OpenAsync();
        using var key = new WorkloadKey();
        var certificate = WorkloadCertificate.FromChain(Web, authority.Sign(key.RequestFor(Web), TimeSpan.FromHours(1)), key.ExportPrivateKey());

        Assert.Equal(2, certificate.Chain.Count);
    }

    [Fact]
    public async Task A_directory_that_holds_something_else_is_refused_with_what_it_needs()
    {
        Directory.CreateDirectory(_directory);
        await File.WriteAllTextAsync(Path.Combine(_directory, "ca-key.pem"), "nonsense");

        var error = await Assert.ThrowsAsync<CertificateException>(() => OpenAsync());

        Assert.Equal(CertificateFailure.SourceUnavailable, error.Failure);
        Assert.Contains("ca-cert.pem", error.Message);
        Assert.Contains(_directory, error.Message);
    }

    [Fact]
    public async Task Requests_for_other_trust_domains_or_other_names_are_refused()
    {
        using var authority = await OpenAsync();
        using var key = new WorkloadKey();

        AssertRefused(authority, key.RequestFor(new SpiffeId("elsewhere", "shop", "web")), "elsewhere");
        AssertRefused(authority, RequestWith(key: null, "spiffe://cluster.local/ns/shop/sa/web", "spiffe://cluster.local/ns/shop/sa/db"), "exactly one");
        AssertRefused(authority, RequestWith(key: null, "https://example.com"), "exactly one");
        AssertRefused(authority, RequestWith(key: null), "exactly one");
        AssertRefused(authority, "nonsense", "PKCS#10");
    }

    [Fact]
    public async Task A_request_signed_with_another_key_is_refused()
    {
        using var authority = await OpenAsync();
        using var key = new WorkloadKey();
        var der = Convert.FromBase64String(string.Concat(key.RequestFor(Web).Split('\n')[1..^1]));
        der[^1] ^= 1;

        AssertRefused(authority, $"-----BEGIN CERTIFICATE REQUEST-----\n{Convert.ToBase64String(der)}\n-----END CERTIFICATE REQUEST-----", "PKCS#10");
    }

    [Fact]
    public async Task Lifetimes_are_cut_to_the_limit_and_to_the_authoritys_own_end()
    {
        var time = new ManualTime();
        using var authority = await OpenAsync(time: time);
        using var key = new WorkloadKey();

        Assert.Equal(time.GetUtcNow().AddHours(24), EndOf(authority.Sign(key.RequestFor(Web), TimeSpan.FromDays(9))), TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromDays(3650) - TimeSpan.FromMinutes(1));
        Assert.Equal(time.GetUtcNow().AddMinutes(1), EndOf(authority.Sign(key.RequestFor(Web), TimeSpan.FromHours(1))), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task The_source_gives_a_certificate_that_fits_its_key()
    {
        using var authority = await OpenAsync(withIntermediate: true);
        var source = new DevelopmentAuthoritySource(authority, TimeSpan.FromHours(1));

        var first = await source.FetchAsync(Web, FetchPriority.RealTime, default);
        var second = await source.FetchAsync(Web, FetchPriority.RealTime, default);

        Assert.Equal(Web, first.Identity);
        Assert.NotEqual(first.SerialNumber, second.SerialNumber);
        Assert.NotEqual(first.PrivateKeyPem, second.PrivateKeyPem);
    }

    private static DateTimeOffset EndOf(IReadOnlyList<string> chain)
    {
        using var leaf = X509Certificate2.CreateFromPem(chain[0]);
        return leaf.NotAfter.ToUniversalTime();
    }

    private static void AssertRefused(LocalAuthority authority, string request, string words)
    {
        var error = Assert.Throws<CertificateException>(() => authority.Sign(request, TimeSpan.FromHours(1)));
        Assert.Equal(CertificateFailure.Refused, error.Failure);
        Assert.Contains(words, error.Message);
    }

    private static string RequestWith(ECDsa? key, params string[] uris)
    {
        using var made = key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x", made, HashAlgorithmName.SHA256);
        if (uris.Length > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var uri in uris)
                names.AddUri(new Uri(uri));
            request.CertificateExtensions.Add(names.Build(critical: true));
        }
        return request.CreateSigningRequestPem();
    }

    private async Task<string> VerifyAsync(IReadOnlyList<string> chain, string purpose)
    {
        string[] names = ["leaf.pem", "between.pem", "root.pem"];
        string[] texts = [chain[0], string.Join('\n', chain.Skip(1).SkipLast(1)), chain[^1]];
        for (var i = 0; i < 3; i++)
            await File.WriteAllTextAsync(Path.Combine(_directory, names[i]), texts[i]);
        var between = texts[1].Length > 0 ? "-untrusted between.pem" : "";
        using var process = Process.Start(new ProcessStartInfo("openssl", $"verify -x509_strict -purpose {purpose} -CAfile root.pem {between} leaf.pem")
        {
            WorkingDirectory = _directory, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output + await error;
    }
}
