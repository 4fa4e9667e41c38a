using System.Security.Cryptography;
using Ambient.Tls.Tests.Scenes;

namespace Ambient.Tls.Tests.Verification;

/// <summary>Who is let in and who is not, on either side; each refusal reaches the peer as an alert.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly Mesh _mesh = new();

    [Theory]
    [InlineData("spiffe://other.domain/ns/shop/sa/client")]
    [InlineData("spiffe://cluster.locale/ns/shop/sa/client")]
    [InlineData("https://cluster.local/ns/shop/sa/client")]
    [InlineData("spiffe://cluster.local/ns/shop/sa/client/more")]
    [InlineData(null)]
    public void A_client_of_no_or_another_trust_domain_is_refused(string? uri) =>
        ExpectServerRefuses(_mesh.Identity(_mesh.Intermediate.Issue(uri)), _mesh.Server(), TlsFailureReason.WrongTrustDomain);

    [Fact]
    public void One_of_a_clients_identities_in_our_trust_domain_is_enough()
    {
        var client = _mesh.Identity(_mesh.Intermediate.Issue(["https://example.org/", "spiffe://other/ns/a/sa/b", Mesh.ClientUri]));

        using var meeting = _mesh.Meet(client, _mesh.Server()).Run();

        Assert.Null(meeting.Server.Failure);
        Assert.Equal("spiffe://other/ns/a/sa/b", meeting.Server.Peer.Id?.ToString()); // the first that parses
    }

    [Fact]
    public void A_server_without_SPIFFE_identity_is_nobody_that_could_be_expected()
    {
        ExpectClientRefuses(_mesh.Identity(_mesh.Intermediate.Issue((string?)null)), TlsFailureReason.WrongIdentity);
    }

    [Fact]
    public void A_server_that_is_somebody_else_is_refused()
    {
        using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Server(), "spiffe://cluster.local/ns/shop/sa/other").Run();

        Assert.Equal((HandshakeStatus.Failed, TlsFailureReason.WrongIdentity), (meeting.ClientStatus, meeting.Client.Failure?.Reason));
        Assert.Contains(Mesh.ServerUri, meeting.Client.Failure?.Message);
        Assert.Equal((HandshakeStatus.Failed, TlsFailureReason.PeerAlert), (meeting.ServerStatus, meeting.Server.Failure?.Reason));
    }

    [Fact]
    public void Any_expected_identity_matches_any_of_the_servers()
    {
        var server = _mesh.Identity(_mesh.Intermediate.Issue(["spiffe://cluster.local/ns/shop/sa/x", Mesh.ServerUri]));

        using var meeting = _mesh.Meet(_mesh.Client(), server, "spiffe://cluster.local/ns/shop/sa/y", Mesh.ServerUri).Run();

        Assert.Null(meeting.Client.Failure);
    }

    [Fact]
    public void With_nobody_expected_nobody_is_accepted()
    {
        using var meeting = new Conversation(TlsHandshake.Client(_mesh.Client(), []), TlsHandshake.Server(_mesh.Server()));

        meeting.Run();

        Assert.Equal(TlsFailureReason.WrongIdentity, meeting.Client.Failure?.Reason);
    }

    [Fact]
    public void Expired_certificates_are_refused_on_both_sides()
    {
        var past = _mesh.Time.GetUtcNow().AddSeconds(-1);

        ExpectServerRefuses(_mesh.Identity(_mesh.Intermediate.Issue(Mesh.ClientUri, notAfter: past)), _mesh.Server(), TlsFailureReason.CertificateExpired);
        ExpectClientRefuses(_mesh.Identity(_mesh.Intermediate.Issue(Mesh.ServerUri, notAfter: past)), TlsFailureReason.CertificateExpired);
    }

    [Fact]
    public void Certificates_of_the_future_are_refused_on_both_sides()
    {
        var future = _mesh.Time.GetUtcNow().AddSeconds(1);

        ExpectServerRefuses(_mesh.Identity(_mesh.Intermediate.Issue(Mesh.ClientUri, notBefore: future)), _mesh.Server(), TlsFailureReason.CertificateNotYetValid);
        ExpectClientRefuses(_mesh.Identity(_mesh.Intermediate.Issue(Mesh.ServerUri, notBefore: future)), TlsFailureReason.CertificateNotYetValid);
    }

    [Fact]
    public void A_peer_that_was_accepted_before_is_refused_once_its_certificate_has_expired()
    {
        var client = _mesh.Identity(_mesh.Intermediate.Issue(Mesh.ClientUri, notAfter: _mesh.Time.GetUtcNow().AddHours(1)));
        var server = _mesh.Server();
        using (var first = _mesh.Meet(client, server).Run()) Assert.Null(first.Server.Failure);
        _mesh.Time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(1));
        using (var lastMoment = _mesh.Meet(client, server).Run()) Assert.Null(lastMoment.Server.Failure);

        _mesh.Time.Advance(TimeSpan.FromSeconds(1));

        ExpectServerRefuses(client, server, TlsFailureReason.CertificateExpired);
    }

    [Fact]
    public void The_purpose_has_to_fit_the_role()
    {
        ExpectServerRefuses(_mesh.Identity(_mesh.Intermediate.Issue(Mesh.ClientUri, usages: [Authority.ServerAuth])), _mesh.Server(), TlsFailureReason.CertificateInvalid);
        ExpectClientRefuses(_mesh.Identity(_mesh.Intermediate.Issue(Mesh.ServerUri, usages: [Authority.ClientAuth])), TlsFailureReason.CertificateInvalid);
        ExpectServerRefuses(_mesh.Identity(_mesh.Intermediate.Issue(Mesh.ClientUri, usages: [Authority.CodeSigning])), _mesh.Server(), TlsFailureReason.CertificateInvalid);
    }

    [Fact]
    public void A_certificate_without_purposes_serves_all_of_them()
    {
        var client = _mesh.Identity(_mesh.Intermediate.Issue(Mesh.ClientUri, usages: []));
        var server = _mesh.Identity(_mesh.Intermediate.Issue(Mesh.ServerUri, usages: []));

        using var meeting = _mesh.Meet(client, server).Run();

        Assert.Null(meeting.Client.Failure);
        Assert.Null(meeting.Server.Failure);
    }

    [Fact]
    public void A_chain_to_another_root_is_refused_on_both_sides()
    {
        var stranger = Authority.Root(); // of the same name

        ExpectServerRefuses(_mesh.Identity(stranger.Intermediate().Issue(Mesh.ClientUri)), _mesh.Server(), TlsFailureReason.UnknownAuthority);
        ExpectClientRefuses(_mesh.Identity(stranger.Issue(Mesh.ServerUri)), TlsFailureReason.UnknownAuthority);
    }

    [Fact]
    public void Several_roots_are_all_trusted()
    {
        using var other = new Mesh();
        var both = _mesh.Root.RootPem + "\n" + other.Root.RootPem;
        using var client = _mesh.Intermediate.Issue(Mesh.ClientUri).Identity(both, _mesh.Settings);
        using var server = other.Intermediate.Issue(Mesh.ServerUri).Identity(both, _mesh.Settings);

        using var meeting = _mesh.Meet(client, server).Run();

        Assert.Null(meeting.Client.Failure);
        Assert.Null(meeting.Server.Failure);
    }

    [Fact]
    public void A_leaf_cannot_issue_certificates()
    {
        var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = _mesh.Intermediate.Issue("spiffe://cluster.local/ns/shop/sa/evil", key: leafKey);
        var forged = leaf.IssueAsAuthority(leafKey, Mesh.ServerUri);

        ExpectClientRefuses(_mesh.Identity(forged), TlsFailureReason.CertificateInvalid, TlsFailureReason.UnknownAuthority);
    }

    [Fact]
    public void RSA_keys_are_accepted()
    {
        using var key = RSA.Create(2048);

        using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Identity(_mesh.Intermediate.Issue(Mesh.ServerUri, key: key))).Run();

        Assert.Null(meeting.Client.Failure);
    }

    [Fact]
    public void A_key_so_large_that_checking_it_costs_too_much_is_refused_before_it_is_used()
    {
        var issued = _mesh.Intermediate.Issue(Mesh.ServerUri);
        issued = issued with { ChainPem = issued.ChainPem + _mesh.Root.PemWithAbsurdKey(16384) };

        ExpectClientRefuses(_mesh.Identity(issued), TlsFailureReason.CertificateMalformed);
    }

    [Fact]
    public void A_chain_that_is_too_long_is_refused()
    {
        var authority = _mesh.Root;
        for (var i = 0; i < 8; i++) authority = authority.Intermediate($"level {i}");
        Assert.Throws<TlsConfigurationException>(() => _mesh.Identity(authority.Issue(Mesh.ServerUri)));

        authority = _mesh.Root;
        for (var i = 0; i < 7; i++) authority = authority.Intermediate($"level {i}");
        ExpectClientRefuses(_mesh.Identity(authority.IssueWithoutRoot(Mesh.ServerUri)), TlsFailureReason.UnknownAuthority, TlsFailureReason.CertificateInvalid);
    }

    [Fact]
    public void Other_curves_are_accepted()
    {
        foreach (var curve in new[] { ECCurve.NamedCurves.nistP384, ECCurve.NamedCurves.nistP521 })
        {
            using var meeting = _mesh.Meet(_mesh.Client(), _mesh.Identity(_mesh.Intermediate.Issue(Mesh.ServerUri, key: ECDsa.Create(curve)))).Run();
            Assert.Null(meeting.Client.Failure);
        }
    }

    private void ExpectServerRefuses(TlsIdentity client, TlsIdentity server, params TlsFailureReason[] reasons)
    {
        using var meeting = _mesh.Meet(client, server).Run();

        Assert.Equal(HandshakeStatus.Failed, meeting.ServerStatus);
        Assert.Contains(meeting.Server.Failure!.Reason, reasons);
        // The client was done before the server had seen its certificate (RFC 8446 §2): the alert reaches its session.
        using var session = meeting.Client.TakeSession();
        var alert = meeting.ToClientAfterwards;
        Assert.Equal(RecordStatus.Failed, session.TryOpen(alert, out _, out _, out _));
        Assert.Equal(TlsFailureReason.PeerAlert, session.Failure?.Reason);
    }

    private void ExpectClientRefuses(TlsIdentity server, params TlsFailureReason[] reasons)
    {
        using var meeting = _mesh.Meet(_mesh.Client(), server).Run();

        Assert.Equal(HandshakeStatus.Failed, meeting.ClientStatus);
        Assert.Contains(meeting.Client.Failure!.Reason, reasons);
        Assert.Equal(TlsFailureReason.PeerAlert, meeting.Server.Failure?.Reason);
    }

    public void Dispose() => _mesh.Dispose();
}
