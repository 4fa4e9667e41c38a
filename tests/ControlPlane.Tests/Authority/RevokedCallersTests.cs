using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Certificates.Authority;
using Ambient.ControlPlane.Authority;
using Ambient.ControlPlane.Tests.Cluster;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Identities;

namespace Ambient.ControlPlane.Tests.Authority;

/// <summary>Callers with client certificates over real TLS, and the revocation lists of the Secret cacerts.</summary>
public sealed class RevokedCallersTests
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly TestCertificate Root = TestCertificate.Root("root", Now.AddDays(-1), TimeSpan.FromDays(30));
    private static readonly TestCertificate Issuer = Root.Intermediate("issuer", Now.AddDays(-1), TimeSpan.FromDays(20));

    // Another cluster of the mesh signs with it.
    private static readonly TestCertificate Other = Root.Intermediate("other issuer", Now.AddDays(-1), TimeSpan.FromDays(20));

    [Fact]
    public async Task The_holder_of_a_revoked_certificate_does_not_get_in()
    {
        using var revoked = Issue(Issuer);
        await using var scene = await AuthorityScene.StartAsync(pluggedIn: PluggedIn(Issuer.Revoke(revoked)));

        Assert.False(await GetsInAsync(scene, revoked, Issuer));
        using var good = Issue(Issuer);
        Assert.True(await GetsInAsync(scene, good, Issuer));
    }

    [Fact]
    public async Task Nor_who_has_one_below_a_revoked_intermediate()
    {
        await using var scene = await AuthorityScene.StartAsync(pluggedIn: PluggedIn(Root.Revoke(Other.Certificate)));

        using var below = Issue(Other);
        Assert.False(await GetsInAsync(scene, below, Other));
        using var good = Issue(Issuer);
        Assert.True(await GetsInAsync(scene, good, Issuer));
    }

    [Fact]
    public async Task Who_is_revoked_while_connected_is_cut_off_and_nobody_else()
    {
        await using var scene = await AuthorityScene.StartAsync(pluggedIn: PluggedIn(Issuer.Revoke()));
        using X509Certificate2 revoked = Issue(Issuer), good = Issue(Issuer);
        await using var first = await ConnectAsync(scene, revoked, Issuer);
        await using var second = await ConnectAsync(scene, good, Issuer);
        Assert.True(await HearsSettingsAsync(first) && await HearsSettingsAsync(second));

        scene.Cluster.Put(ResourceTypes.Secret, PluggedIn(Issuer.Revoke(revoked)));

        await Until.TrueAsync(() => scene.Parts.Controller.Revocations == PluggedInLists(scene), "the list is read");
        await EndsAsync(first).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken); // only ends a test that has failed
        Assert.False(await GetsInAsync(scene, revoked, Issuer));
        await second.WriteAsync(Ping);
        Assert.True(await second.ReadAsync(new byte[17]) > 0);
    }

    [Fact]
    public async Task A_list_that_cannot_be_read_leaves_the_one_before_in_force()
    {
        using var revoked = Issue(Issuer);
        await using var scene = await AuthorityScene.StartAsync(pluggedIn: PluggedIn(Issuer.Revoke(revoked)));

        scene.Cluster.Put(ResourceTypes.Secret, PluggedIn("-----BEGIN X509 CRL-----\nbm9uc2Vuc2U=\n-----END X509 CRL-----\n"));
        await Until.TrueAsync(() => scene.Parts.Controller.Revocations == PluggedInLists(scene), "the list is read");

        Assert.False(await GetsInAsync(scene, revoked, Issuer));
    }

    private static readonly byte[] Preface = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];
    private static readonly byte[] Ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

    private static X509Certificate2 Issue(TestCertificate by)
    {
        var signer = Signer.Load(by.Material(Root), Now);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = signer.Sign(WorkloadLeaf.RequestFor(new PublicKey(key), new SpiffeId("cluster.local", "shop", "web"), signer.Hash), Now.AddMinutes(-1), Now.AddHours(1));
        return leaf.CopyWithPrivateKey(key);
    }

    private static async Task<bool> GetsInAsync(AuthorityScene scene, X509Certificate2 certificate, TestCertificate issuer)
    {
        try
        {
            await using var connection = await ConnectAsync(scene, certificate, issuer);
            return await HearsSettingsAsync(connection);
        }
        catch (Exception error) when (error is IOException or AuthenticationException) { return false; }
    }

    private static async Task<SslStream> ConnectAsync(AuthorityScene scene, X509Certificate2 certificate, TestCertificate issuer)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, scene.Address.Port, TestContext.Current.CancellationToken);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            ClientCertificateContext = SslStreamCertificateContext.Create(certificate, [issuer.Certificate], offline: true),
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        }, TestContext.Current.CancellationToken);
        return tls;
    }

    // With TLS 1.3 the client is done before the server has looked at its certificate.
    private static async Task<bool> HearsSettingsAsync(SslStream connection)
    {
        await connection.WriteAsync(Preface, TestContext.Current.CancellationToken);
        return await connection.ReadAsync(new byte[9], TestContext.Current.CancellationToken) > 0;
    }

    private static async Task EndsAsync(SslStream connection)
    {
        try
        {
            while (await connection.ReadAsync(new byte[1024], TestContext.Current.CancellationToken) > 0) { }
        }
        catch (IOException) { } // cut off without a word
    }

    private static string PluggedInLists(AuthorityScene scene) =>
        Encoding.UTF8.GetString(scene.Cluster.Find(ResourceTypes.Secret, new("istio-system", PluggedInAuthority.Name))!.Data!["ca-crl.pem"]);

    private static Secret PluggedIn(string revocations)
    {
        var material = Issuer.Material(Root);
        return new()
        {
            Metadata = new() { Name = PluggedInAuthority.Name, Namespace = "istio-system" },
            Data = new Dictionary<string, string>
            {
                ["ca-cert.pem"] = material.Certificate, ["ca-key.pem"] = material.Key, ["cert-chain.pem"] = material.Chain, ["root-cert.pem"] = material.Roots,
                ["ca-crl.pem"] = revocations,
            }.ToDictionary(static entry => entry.Key, static entry => Encoding.UTF8.GetBytes(entry.Value)),
        };
    }
}
