using System.Text;
using Ambient.Tls.Revocation;
using Ambient.Tls.Tests.Scenes;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Tls.Tests.Revocation;

public sealed class CrlStoreTests : IDisposable
{
    private readonly CrlStore _store = new();
    private readonly Mesh _mesh;

    public CrlStoreTests() => _mesh = new(_store);

    [Fact]
    public void A_revoked_client_is_refused_also_if_it_was_accepted_before()
    {
        var issued = _mesh.Intermediate.Issue(Mesh.ClientUri);
        var (client, server) = (_mesh.Identity(issued), _mesh.Server());
        using (var before = _mesh.Meet(client, server).Run()) Assert.Null(before.Server.Failure);

        var result = _store.Load(_mesh.Intermediate.Crl(issued.Leaf));

        Assert.Equal(new CrlLoadResult(1, 1, 1, null), result);
        using var after = _mesh.Meet(client, server).Run();
        Assert.Equal(TlsFailureReason.CertificateRevoked, after.Server.Failure?.Reason);
        using var session = after.Client.TakeSession();
        session.TryOpen(after.ToClientAfterwards, out _, out _, out _);
        Assert.Equal(TlsAlert.CertificateRevoked, session.Failure?.Alert);
    }

    [Fact]
    public void A_revoked_server_is_refused()
    {
        var issued = _mesh.Intermediate.Issue(Mesh.ServerUri);
        _store.Load(_mesh.Intermediate.Crl(issued.Leaf));

        using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Identity(issued)).Run();

        Assert.Equal(TlsFailureReason.CertificateRevoked, meeting.Client.Failure?.Reason);
    }

    [Fact]
    public void A_revoked_intermediate_takes_all_its_certificates_along()
    {
        var (client, server) = (_mesh.Client(), _mesh.Server());
        _store.Load(_mesh.Root.Crl(_mesh.Intermediate.Certificate));

        using var meeting = _mesh.Meet(client, server).Run();

        Assert.Equal(TlsFailureReason.CertificateRevoked, meeting.Client.Failure?.Reason);
    }

    [Fact]
    public void A_live_peer_is_found_revoked_after_a_reload()
    {
        var issued = _mesh.Intermediate.Issue(Mesh.ClientUri);
        using var meeting = _mesh.Meet(_mesh.Identity(issued), _mesh.Server()).Run();
        var changes = new List<CrlLoadResult>();
        _store.Changed += changes.Add;
        Assert.False(_store.IsRevoked(meeting.Server.Peer));

        _store.Load(_mesh.Intermediate.Crl(issued.Leaf));

        Assert.True(_store.IsRevoked(meeting.Server.Peer));
        Assert.False(_store.IsRevoked(meeting.Client.Peer));
        Assert.Equal(1, Assert.Single(changes).Generation);

        _store.Load(_mesh.Intermediate.Crl());
        Assert.False(_store.IsRevoked(meeting.Server.Peer));
    }

    [Fact]
    public void A_peer_that_was_saved_is_still_found()
    {
        var issued = _mesh.Intermediate.Issue(Mesh.ClientUri);
        using var meeting = _mesh.Meet(_mesh.Identity(issued), _mesh.Server()).Run();

        var restored = PeerIdentity.Restore(meeting.Server.Peer.Save());

        Assert.Equal(Mesh.ClientUri, restored?.Id?.ToString());
        Assert.Equal(issued.Leaf.SerialNumber, restored?.SerialNumber);
        _store.Load(_mesh.Intermediate.Crl(issued.Leaf));
        Assert.True(_store.IsRevoked(restored!));
    }

    [Fact]
    public void A_list_of_another_authority_with_the_same_name_means_nothing()
    {
        using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Server()).Run();
        var impostor = Authority.Root().Intermediate(); // also "CN=intermediate"
        var leaf = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(meeting.Server.Peer.Path.Leaf.Der);

        var result = _store.Load(impostor.Crl(leaf));

        Assert.Equal(1, result.RevokedCertificates);
        Assert.False(_store.IsRevoked(meeting.Server.Peer));
    }

    [Fact]
    public void Several_lists_in_one_PEM_file_all_count()
    {
        var (one, two) = (_mesh.Intermediate.Issue(Mesh.ClientUri), _mesh.Intermediate.Issue(Mesh.ServerUri));
        var other = _mesh.Root.Intermediate("other");
        using var meeting = _mesh.Meet(_mesh.Identity(one), _mesh.Identity(two)).Run();

        var result = _store.Load(Pem("text\n" + Authority.CrlPem(other.Crl()) + "\n" + _mesh.Root.RootPem + "\n"
            + Authority.CrlPem(_mesh.Intermediate.Crl(one.Leaf)) + "\n" + Authority.CrlPem(_mesh.Intermediate.Crl(two.Leaf)) + "\n"));

        Assert.Equal(new CrlLoadResult(1, 3, 2, null), result);
        Assert.True(_store.IsRevoked(meeting.Server.Peer));
        Assert.True(_store.IsRevoked(meeting.Client.Peer));
    }

    [Theory]
    [InlineData(""), InlineData("\n"), InlineData("no list in here")]
    public void A_file_without_lists_revokes_nothing(string file)
    {
        _store.Load(_mesh.Root.Crl(_mesh.Intermediate.Certificate));

        var result = _store.Load(Pem(file));

        Assert.Equal(new CrlLoadResult(2, 0, 0, null), result);
    }

    [Theory]
    [InlineData("-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n")]
    [InlineData("-----BEGIN X509 CRL-----\n!!!!\n-----END X509 CRL-----\n")]
    [InlineData("-----BEGIN X509 CRL-----\nMIIB")]
    [InlineData("0 is how a DER file starts")]
    public void A_file_that_cannot_be_read_changes_nothing_and_says_why(string file)
    {
        using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Server()).Run();
        _store.Load(_mesh.Root.Crl(_mesh.Intermediate.Certificate));

        var result = _store.Load(Pem(file));

        Assert.Equal((1, 1), (result.Generation, result.Lists));
        Assert.Contains("CRL", result.Error);
        Assert.True(_store.IsRevoked(meeting.Client.Peer));
    }

    [Fact]
    public void One_bad_list_refuses_the_whole_file()
    {
        var good = Authority.CrlPem(_mesh.Intermediate.Crl());
        var cut = Authority.CrlPem(_mesh.Root.Crl()[..^3]);

        var result = _store.Load(Pem(good + "\n" + cut));

        Assert.NotNull(result.Error);
        Assert.Equal(0, _store.Generation);
    }

    [Fact]
    public void Any_damage_to_a_file_is_refused_or_harmless() =>
        Prop.ForAll<NonNegativeInt, byte>((at, change) =>
        {
            var crl = _mesh.Root.Crl(_mesh.Intermediate.Certificate);
            crl[at.Get % crl.Length] ^= change;
            var result = _store.Load(crl);
            return result.Error is not null || result.Lists <= 1;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_list_that_is_out_of_date_still_counts()
    {
        using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Server()).Run();

        _store.Load(_mesh.Root.Crl(_mesh.Intermediate.Certificate)); // its next update was due in 2020

        Assert.True(_store.IsRevoked(meeting.Client.Peer));
    }

    public void Dispose() => _mesh.Dispose();

    private static byte[] Pem(string text) => Encoding.UTF8.GetBytes(text);
}
