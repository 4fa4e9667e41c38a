using System.Security.Cryptography;
using Ambient.Tls.Tests.Scenes;

namespace Ambient.Tls.Tests;

public sealed class TlsIdentityTests
{
    private readonly Authority _root = Authority.Root();

    [Fact]
    public void It_knows_who_it_is_and_for_how_long()
    {
        using var identity = _root.Issue(["https://example.org", Mesh.ServerUri]).Identity(_root.RootPem);

        Assert.Equal(Mesh.ServerUri, identity.Id?.ToString());
        Assert.Equal((Authority.Begin, Authority.End), (identity.NotBefore, identity.NotAfter));
    }

    [Fact]
    public void Each_part_that_cannot_be_used_is_named()
    {
        var good = _root.Issue(Mesh.ServerUri);
        var other = _root.Issue(Mesh.ServerUri);

        Refused("certificate chain", () => (good with { ChainPem = "" }).Identity(_root.RootPem));
        Refused("certificate chain", () => (good with { ChainPem = good.ChainPem[..200] }).Identity(_root.RootPem));
        Refused("certificate chain", () => (good with { ChainPem = PemEncoding.WriteString("CERTIFICATE", [1, 2, 3]) }).Identity(_root.RootPem));
        Refused("private key", () => (good with { KeyPem = "nothing" }).Identity(_root.RootPem));
        Refused("private key", () => (good with { KeyPem = other.KeyPem }).Identity(_root.RootPem));
        Refused("private key", () => (good with { KeyPem = Encrypted() }).Identity(_root.RootPem));
        Refused("trust root", () => good.Identity("no roots"));
        Refused("TLS 1.2", () => good.Identity(_root.RootPem, new() { AllowTls12 = true }));
        Refused("TLS_CHACHA20", () => good.Identity(_root.RootPem, new() { CipherSuites = ["TLS_CHACHA20_POLY1305_SHA256"] }));
        Refused("cipher suite", () => good.Identity(_root.RootPem, new() { CipherSuites = [] }));
        Refused("NO-SUCH-GROUP", () => good.Identity(_root.RootPem, new() { Groups = ["NO-SUCH-GROUP"] }));
        Refused("RememberedPeers", () => good.Identity(_root.RootPem, new() { RememberedPeers = -1 }));
    }

    [Fact]
    public void Groups_that_the_library_lacks_are_left_out()
    {
        using var identity = _root.Issue(Mesh.ServerUri).Identity(_root.RootPem, new() { Groups = ["NO-SUCH-GROUP", "P-256"] });

        Assert.NotNull(identity.Id);
    }

    [Fact]
    public void A_handshake_under_way_survives_the_end_of_its_identity()
    {
        using var mesh = new Mesh();
        var (client, server) = (mesh.Client(), mesh.Server());
        using var meeting = mesh.Meet(client, server);

        client.Dispose();
        server.Dispose();
        meeting.Run();

        Assert.Equal((HandshakeStatus.Complete, HandshakeStatus.Complete), (meeting.ClientStatus, meeting.ServerStatus));
        Assert.Throws<ObjectDisposedException>(() => TlsHandshake.Server(server));
    }

    [Fact]
    public void Identities_are_used_by_many_threads_at_once()
    {
        using var mesh = new Mesh();
        var (client, server) = (mesh.Client(), mesh.Server());

        var outcomes = Enumerable.Range(0, 40).AsParallel().WithDegreeOfParallelism(4).Select(_ =>
        {
            using var meeting = mesh.Meet(client, server).Run();
            return (meeting.ClientStatus, meeting.ServerStatus);
        });

        Assert.All(outcomes, outcome => Assert.Equal((HandshakeStatus.Complete, HandshakeStatus.Complete), outcome));
    }

    private static string Encrypted()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportEncryptedPkcs8PrivateKeyPem("password", new(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1));
    }

    private static void Refused(string what, Func<TlsIdentity> make) =>
        Assert.Contains(what, Assert.Throws<TlsConfigurationException>(make).Message, StringComparison.OrdinalIgnoreCase);
}
