using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Service;
using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Certificates.Tests.Service;

/// <summary>The file with the roots that the authority is verified by, which a mesh replaces when its roots change.</summary>
public sealed class AuthorityRootsTests : IAsyncLifetime
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");

    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("roots").FullName, "root-cert.pem");
    private readonly ManualTime _time = new();
    private readonly ServerCertificate _ours = new("ours"), _others = new("others");
    private ScriptedAuthority _authority = null!;

    public async ValueTask InitializeAsync() => _authority = await ScriptedAuthority.StartAsync(_ours.Leaf);

    public async ValueTask DisposeAsync()
    {
        await _authority.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);
    }

    [Fact]
    public async Task New_roots_count_for_the_next_call_once_two_seconds_have_passed_since_the_last_look()
    {
        using var client = Client();
        await File.WriteAllTextAsync(_file, _ours.RootPem);
        await FetchAsync(client);

        await File.WriteAllTextAsync(_file, _others.RootPem);
        _time.Advance(TimeSpan.FromSeconds(2) - TimeSpan.FromTicks(1));
        await FetchAsync(client);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Contains("not trusted", await FailureAsync(client));

        await File.WriteAllTextAsync(_file, _others.RootPem + "\n" + _ours.RootPem);
        _time.Advance(TimeSpan.FromSeconds(2));
        await FetchAsync(client);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----")]
    [InlineData(null)]
    public async Task A_file_that_cannot_be_used_leaves_the_roots_from_before(string? content)
    {
        using var client = Client();
        await File.WriteAllTextAsync(_file, _ours.RootPem);
        await FetchAsync(client);

        if (content is null) File.Delete(_file);
        else await File.WriteAllTextAsync(_file, content);
        _time.Advance(TimeSpan.FromSeconds(2));

        await FetchAsync(client);
    }

    [Fact]
    public async Task A_file_that_comes_later_counts_at_once_and_until_then_is_named()
    {
        using var client = Client();
        Assert.Contains(_file, await FailureAsync(client));

        await File.WriteAllTextAsync(_file, _ours.RootPem);

        await FetchAsync(client);
    }

    [Fact]
    public async Task A_call_under_way_ends_as_it_began()
    {
        using var client = Client();
        await File.WriteAllTextAsync(_file, _ours.RootPem);
        var (asked, answer) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new ManualResetEventSlim());
        var sign = _authority.Answer;
        _authority.Answer = request =>
        {
            asked.SetResult();
            answer.Wait();
            return sign(request);
        };
        var early = FetchAsync(client);
        await asked.Task;

        await File.WriteAllTextAsync(_file, _others.RootPem);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Contains("not trusted", await FailureAsync(client));
        answer.Set();

        await early;
    }

    private AuthorityClient Client() => new(new() { Address = _authority.Address, RootsFile = _file }, _time, NullLogger<AuthorityClient>.Instance);

    private static async Task FetchAsync(AuthorityClient client) => await client.FetchAsync(Web, FetchPriority.RealTime, default);

    private static async Task<string> FailureAsync(AuthorityClient client)
    {
        var error = await Assert.ThrowsAsync<CertificateException>(() => FetchAsync(client));
        Assert.Equal(CertificateFailure.SourceUnavailable, error.Failure);
        return error.Message;
    }

    /// <summary>A root, and the certificate of a server on this machine that it has issued.</summary>
    private sealed class ServerCertificate
    {
        public ServerCertificate(string name)
        {
            using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var now = TimeProvider.System.GetUtcNow();
            var authority = new CertificateRequest($"CN={name}", rootKey, HashAlgorithmName.SHA256);
            authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            using var root = authority.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
            var server = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            server.CertificateExtensions.Add(names.Build());
            using var leaf = server.Create(root, root.NotBefore, root.NotAfter, RandomNumberGenerator.GetBytes(8));
            using var withKey = leaf.CopyWithPrivateKey(key);
            (RootPem, Leaf) = (root.ExportCertificatePem(), X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pfx), null));
        }

        public string RootPem { get; }

        public X509Certificate2 Leaf { get; }
    }
}
