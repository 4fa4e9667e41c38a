using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates;
using Ambient.Certificates.Service;
using Ambient.Certificates.Store;
using Ambient.ControlPlane.Authority;
using Ambient.ControlPlane.Tests.Cluster;
using Ambient.Grpc;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Identities;
using Ambient.Protos.Ca;
using Ambient.TestKit;
using Ambient.TestKit.Peers;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Authority;

/// <summary>The node proxy's client and the control plane's service over real TLS, with an API server behind.</summary>
public sealed class AuthorityServiceTests
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web"), Pay = new("cluster.local", "shop", "pay");

    private static async Task<CertificateException> FailureAsync(AuthorityClient client, SpiffeId identity) =>
        await Assert.ThrowsAsync<CertificateException>(async () => await client.FetchAsync(identity, FetchPriority.RealTime, default));

    [Fact]
    public async Task A_node_proxy_gets_a_certificate_that_openssl_accepts_for_a_pod_on_its_node()
    {
        await using var scene = await AuthorityScene.StartAsync();

        var certificate = await scene.Client().FetchAsync(Web, FetchPriority.RealTime, default);

        Assert.Equal(Web, certificate.Identity);
        Assert.InRange(certificate.Lifetime, TimeSpan.FromHours(24), TimeSpan.FromHours(24.1));
        Assert.Contains("OK", await OpenSsl.VerifyAsync([certificate.ChainPem, certificate.TrustRootsPem], "sslserver", TimeProvider.System.GetUtcNow()));
    }

    [Fact]
    public async Task Not_for_a_pod_on_another_node_and_it_is_told_why()
    {
        await using var scene = await AuthorityScene.StartAsync();

        var failure = await FailureAsync(scene.Client(), Pay);

        Assert.Equal(CertificateFailure.Refused, failure.Failure);
        Assert.Contains("no running pod with service account shop/pay is on the caller's node n1", failure.Message);
    }

    [Fact]
    public async Task A_pod_that_was_scheduled_this_moment_is_found()
    {
        await using var scene = await AuthorityScene.StartAsync();

        scene.AddPod("shop", "new-1", "new", "n1");

        Assert.NotNull(await scene.Client().FetchAsync(new("cluster.local", "shop", "new"), FetchPriority.RealTime, default));
    }

    [Fact]
    public async Task A_workload_gets_its_own_identity_and_nobody_elses()
    {
        await using var scene = await AuthorityScene.StartAsync();
        AuthorityClientOptions AsWeb(AuthorityClientOptions options, bool impersonate) => new()
        {
            Address = options.Address, RootsFile = options.RootsFile, AlternativeHostName = options.AlternativeHostName,
            Token = "web-1", Impersonate = impersonate,
        };

        Assert.Equal(Web, (await scene.Client(options => AsWeb(options, impersonate: false)).FetchAsync(Web, FetchPriority.Warmup, default)).Identity);
        Assert.Contains("not a trusted node account", (await FailureAsync(scene.Client(options => AsWeb(options, impersonate: true)), Web)).Message);
    }

    [Fact]
    public async Task The_token_is_read_anew_for_every_call()
    {
        await using var scene = await AuthorityScene.StartAsync();
        var client = scene.Client();
        await client.FetchAsync(Web, FetchPriority.RealTime, default);

        await File.WriteAllTextAsync(scene.TokenFile, "zt-2");
        Assert.Equal(Pay, (await client.FetchAsync(Pay, FetchPriority.RealTime, default)).Identity);
        await File.WriteAllTextAsync(scene.TokenFile, "stranger");
        Assert.Contains("does not accept the token", (await FailureAsync(client, Pay)).Message);
        await File.WriteAllTextAsync(scene.TokenFile, "");
        Assert.Contains(scene.TokenFile, (await FailureAsync(client, Pay)).Message);
        File.Delete(scene.TokenFile);
        Assert.Contains(scene.TokenFile, (await FailureAsync(client, Pay)).Message);
    }

    [Fact]
    public async Task The_authority_is_verified_by_the_roots_in_the_file_and_a_changed_file_counts_from_then_on()
    {
        await using var scene = await AuthorityScene.StartAsync();
        var time = new ManualTime();
        var good = await File.ReadAllTextAsync(scene.RootsFile);
        File.Delete(scene.RootsFile);
        using var client = new AuthorityClient(new()
        {
            Address = scene.Address, RootsFile = scene.RootsFile, TokenFile = scene.TokenFile, AlternativeHostName = "istiod.istio-system.svc",
        }, time, NullLogger<AuthorityClient>.Instance);

        Assert.Contains("istio-ca-root-cert", (await FailureAsync(client, Web)).Message);
        await File.WriteAllTextAsync(scene.RootsFile, TestCertificate.Root("stranger", TimeProvider.System.GetUtcNow().AddDays(-1), TimeSpan.FromDays(2)).Pem);
        Assert.Contains("not trusted", (await FailureAsync(client, Web)).Message);
        await File.WriteAllTextAsync(scene.RootsFile, good);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull(await client.FetchAsync(Web, FetchPriority.RealTime, default));
        await File.WriteAllTextAsync(scene.RootsFile, good[..(good.Length / 2)]);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotNull(await client.FetchAsync(Web, FetchPriority.RealTime, default)); // half a file changes nothing
    }

    [Fact]
    public async Task A_name_that_is_not_the_control_planes_is_not_accepted()
    {
        await using var scene = await AuthorityScene.StartAsync();
        using var client = new AuthorityClient(new() { Address = scene.Address, RootsFile = scene.RootsFile, TokenFile = scene.TokenFile },
            TimeProvider.System, NullLogger<AuthorityClient>.Instance);

        Assert.Contains("is not for localhost", (await FailureAsync(client, Web)).Message);
    }

    [Fact]
    public async Task The_server_shows_the_names_of_its_services()
    {
        await using var scene = await AuthorityScene.StartAsync(options: new() { Revision = "canary" });

        using var client = PeerProcess.Start("openssl", "s_client", "-connect", $"127.0.0.1:{scene.Address.Port}", "-CAfile", scene.RootsFile,
            "-verify_return_error", "-verify_hostname", "istiod-canary.istio-system.svc", "-alpn", "h2");
        await client.WaitForOutputAsync("Verify return code: 0 (ok)");

        Assert.Contains("ALPN protocol: h2", client.Output);
        Assert.Equal(["istiod.istio-system.svc", "istiod-remote.istio-system.svc", "istio-pilot.istio-system.svc", "istiod-canary.istio-system.svc"],
            scene.Parts.Server.Leaf!.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
    }

    [Fact]
    public async Task When_the_root_changes_connections_stand_and_new_ones_see_the_new_certificate()
    {
        var time = new ManualTime(TimeProvider.System.GetUtcNow().AddMinutes(-5));
        await using var scene = await AuthorityScene.StartAsync(time, new()
        {
            DefaultLeafLifetime = TimeSpan.FromMinutes(1), DistributionTime = TimeSpan.FromMinutes(1),
        });
        var standing = scene.Client(options => new()
        {
            Address = options.Address, RootsPem = scene.Parts.Authority.InForce!.RootsPem, Token = "zt-1",
            AlternativeHostName = options.AlternativeHostName, Lifetime = TimeSpan.FromMinutes(1),
        });
        Assert.NotNull(await standing.FetchAsync(Web, FetchPriority.RealTime, default));
        var before = scene.Parts.Server.Leaf!.Issuer;
        var connections = scene.Connections;

        var secret = scene.Cluster.Find(ResourceTypes.Secret, new("istio-system", AuthoritySecret.Name))!;
        scene.Cluster.Put(ResourceTypes.Secret, secret with
        {
            Metadata = secret.Metadata with { Annotations = new Dictionary<string, string> { [AuthoritySecret.RotateAnnotation] = "1" } },
        });
        await Until.TrueAsync(() => scene.Parts.Controller.Report.Phase == RotationPhase.TrustingBoth, "both roots are trusted");
        time.Advance(TimeSpan.FromMinutes(2));
        await Until.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1)); // a pause that begins only now has an end too
            return scene.Parts.Controller.Report.Phase == RotationPhase.Retiring;
        }, "the new root signs");
        await Until.TrueAsync(() => scene.Parts.Server.Leaf!.Issuer != before, "the server has a new certificate");

        using var client = PeerProcess.Start("openssl", "s_client", "-connect", $"127.0.0.1:{scene.Address.Port}", "-alpn", "h2");
        await client.WaitForOutputAsync("Server certificate");
        Assert.NotNull(await standing.FetchAsync(Web, FetchPriority.RealTime, default));
        Assert.Equal(connections + 1, scene.Connections); // openssl's; the standing one was used again
        await Until.TrueAsync(() => scene.Cluster.Find(ResourceTypes.ConfigMap, new("shop", "istio-ca-root-cert"))?.Data?["root-cert.pem"].Split("BEGIN").Length == 3,
            "the bundle of both roots is published");
    }

    [Fact]
    public async Task A_client_certificate_of_the_mesh_is_as_good_as_a_token_for_its_own_identity()
    {
        await using var scene = await AuthorityScene.StartAsync();
        var held = await scene.Client().FetchAsync(Web, FetchPriority.RealTime, default);

        var chain = await CallWithCertificateAsync(scene, held.ChainPem, held.PrivateKeyPem);

        Assert.Equal(Web.ToString(), UriSubjectAlternativeName.FirstOf(OpenSsl.Parse(chain[0])));
    }

    [Fact]
    public async Task A_client_certificate_of_somebody_elses_mesh_ends_the_handshake()
    {
        await using var scene = await AuthorityScene.StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        var other = Signer.Load(RootKey.Create("cluster.local", now, TimeSpan.FromDays(10)), now);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = other.Sign(Ambient.Certificates.Authority.WorkloadLeaf.RequestFor(new PublicKey(key), Web, HashAlgorithmName.SHA256), now, now.AddHours(1));

        await Assert.ThrowsAsync<HttpRequestException>(() => CallWithCertificateAsync(scene, leaf.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()));
    }

    private static async Task<IReadOnlyList<string>> CallWithCertificateAsync(AuthorityScene scene, string chain, string key)
    {
        using var own = X509Certificate2.CreateFromPem(chain, key);
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new() { ClientCertificates = [own], RemoteCertificateValidationCallback = static (_, _, _, _) => true, ApplicationProtocols = [SslApplicationProtocol.Http2] },
        };
        using var http = new HttpMessageInvoker(handler);
        using var workload = new WorkloadKey();
        var message = new IstioCertificateRequest { Csr = workload.RequestFor(Web) }.ToByteArray();
        byte[] framed = [0, .. BitConverter.GetBytes(IPAddress.HostToNetworkOrder(message.Length)), .. message];
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(scene.Address, AuthorityContract.CreateCertificate.Path))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(framed) { Headers = { ContentType = new("application/grpc") } },
        };
        using var response = await http.SendAsync(request, default);
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
        return IstioCertificateResponse.Parser.ParseFrom(body.AsSpan(5)).CertChain;
    }

    [Fact]
    public async Task A_certificate_store_serves_pods_from_it()
    {
        await using var scene = await AuthorityScene.StartAsync();
        await using var store = new CertificateStore(scene.Client(), new(), TimeProvider.System, new Random(1), NullLogger<CertificateStore>.Instance);

        store.Retain(Web);
        var certificate = await store.GetAsync(Web, FetchPriority.RealTime, default);

        Assert.Equal(Web, certificate.Identity);
        Assert.Equal(CertificateState.Available, store.List().Single().State);
    }

    [Fact]
    public async Task Longer_lives_are_recorded_before_they_are_granted()
    {
        await using var scene = await AuthorityScene.StartAsync();
        var client = scene.Client(options => new()
        {
            Address = options.Address, RootsFile = options.RootsFile, TokenFile = options.TokenFile,
            AlternativeHostName = options.AlternativeHostName, Lifetime = TimeSpan.FromDays(5),
        });

        var certificate = await client.FetchAsync(Web, FetchPriority.RealTime, default);

        Assert.InRange(certificate.Lifetime, TimeSpan.FromDays(5), TimeSpan.FromDays(5.01));
        Assert.Equal(TimeSpan.FromDays(7), scene.Parts.Authority.InForce!.LongestLeaf);
    }

    [Fact]
    public async Task Any_request_gets_a_status_and_never_takes_the_service_down()
    {
        await using var scene = await AuthorityScene.StartAsync();
        var metadata = new GrpcMetadata { { "authorization", "Bearer zt-1" } };
        Prop.ForAll<string, string, long>((csr, wish, life) =>
        {
            var request = new IstioCertificateRequest
            {
                Csr = Clean(csr), ValidityDuration = life * 100_000,
                Metadata = new Struct { Fields = { [AuthorityContract.ImpersonatedIdentity] = life % 3 == 0 ? Value.ForNumber(life) : Value.ForString(Clean(wish)) } },
            };
            try
            {
                scene.Parts.Csr.CreateAsync(request, new(metadata, null, null, default)).GetAwaiter().GetResult();
                return false;
            }
            catch (RpcException error)
            {
                return error.Code is StatusCode.InvalidArgument or StatusCode.Unauthenticated;
            }
        }).QuickCheckThrowOnFailure();

        Assert.NotNull(await scene.Client().FetchAsync(Web, FetchPriority.RealTime, default));

        static string Clean(string? text) => new([.. (text ?? "").Where(c => !char.IsSurrogate(c))]); // protobuf carries UTF-8 only
    }

    [Fact]
    public async Task Every_way_to_be_refused_has_its_status()
    {
        await using var scene = await AuthorityScene.StartAsync();
        using var key = new WorkloadKey();
        var good = new IstioCertificateRequest { Csr = key.RequestFor(Web), Metadata = Wish(Web.ToString()) };
        async Task<StatusCode> CodeAsync(IstioCertificateRequest request, string? token = "zt-1")
        {
            var metadata = new GrpcMetadata();
            if (token is not null) metadata.Add("authorization", $"Bearer {token}");
            try
            {
                await scene.Parts.Csr.CreateAsync(request, new(metadata, null, null, default));
                return StatusCode.Ok;
            }
            catch (RpcException error)
            {
                return error.Code;
            }
        }

        Assert.Equal(StatusCode.Ok, await CodeAsync(good));
        Assert.Equal(StatusCode.Unauthenticated, await CodeAsync(good, token: null));
        Assert.Equal(StatusCode.Unauthenticated, await CodeAsync(good, token: "stranger"));
        Assert.Equal(StatusCode.Unauthenticated, await CodeAsync(new(good) { Metadata = Wish("spiffe://other/ns/shop/sa/web") }));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(new(good) { Csr = "x" }));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(new(good) { ValidityDuration = 91 * 86400 }));
        var external = new IstioCertificateRequest(good);
        external.Metadata.Fields[AuthorityContract.CertSigner] = Value.ForString("acme");
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(external));
        scene.Cluster.Failing = 503;
        Assert.Equal(StatusCode.Unavailable, await CodeAsync(good, token: "another"));
        scene.Cluster.Failing = null;

        static Struct Wish(string identity) => new() { Fields = { [AuthorityContract.ImpersonatedIdentity] = Value.ForString(identity) } };
    }
}
