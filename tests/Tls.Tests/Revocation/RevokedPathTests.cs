using Ambient.Tls.Revocation;
using Ambient.Tls.Tests.Scenes;

namespace Ambient.Tls.Tests.Revocation;

/// <summary>Whose revocation matters: those on the way from the leaf to the root, of however many levels, and nobody else.</summary>
public sealed class RevokedPathTests : IDisposable
{
    private readonly CrlStore _store = new();
    private readonly Mesh _mesh;

    public RevokedPathTests() => _mesh = new(_store);

    public void Dispose() => _mesh.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void An_authority_on_any_level_takes_all_below_it_along(int level)
    {
        var upper = _mesh.Root.Intermediate("upper");
        var lower = upper.Intermediate("lower");
        var issued = lower.Issue(Mesh.ClientUri);
        var (client, server) = (_mesh.Identity(issued), _mesh.Server());
        using var before = _mesh.Meet(client, server).Run();
        Assert.Null(before.Server.Failure);

        _store.Load(level switch
        {
            0 => lower.Crl(issued.Leaf),
            1 => upper.Crl(lower.Certificate),
            _ => _mesh.Root.Crl(upper.Certificate),
        });

        Assert.True(_store.IsRevoked(before.Server.Peer));
        Assert.False(_store.IsRevoked(before.Client.Peer)); // of the same root
        using var after = _mesh.Meet(client, server).Run();
        Assert.Equal(TlsFailureReason.CertificateRevoked, after.Server.Failure?.Reason);
    }

    [Fact]
    public void A_sibling_of_the_same_authority_is_left_alone()
    {
        var (revoked, sibling) = (_mesh.Intermediate.Issue(Mesh.ClientUri), _mesh.Intermediate.Issue(Mesh.ClientUri));
        _store.Load(_mesh.Intermediate.Crl(revoked.Leaf));

        using var meeting = _mesh.Meet(_mesh.Identity(sibling), _mesh.Server()).Run();

        Assert.Null(meeting.Server.Failure);
    }

    [Fact]
    public void A_certificate_that_is_shown_and_not_on_the_way_does_not_matter()
    {
        var stray = _mesh.Root.Intermediate("stray");
        var issued = _mesh.Intermediate.Issue(Mesh.ClientUri);
        var client = _mesh.Identity(issued with { ChainPem = $"{issued.ChainPem}\n{stray.Certificate.ExportCertificatePem()}" });
        _store.Load(_mesh.Root.Crl(stray.Certificate));

        using var meeting = _mesh.Meet(client, _mesh.Server()).Run();

        Assert.Null(meeting.Server.Failure);
    }

    [Fact]
    public void Who_was_accepted_during_the_handshake_is_looked_at_once_more_at_its_end()
    {
        var issued = _mesh.Intermediate.Issue(Mesh.ClientUri);
        using var meeting = _mesh.Meet(_mesh.Identity(issued), _mesh.Server());
        var (_, hello) = Conversation.Advance(meeting.Client, []);
        var (_, answer) = Conversation.Advance(meeting.Server, hello);
        var (_, flight) = Conversation.Advance(meeting.Client, answer);
        Assert.Equal(HandshakeStatus.NeedsInput, Conversation.Advance(meeting.Server, flight.AsSpan(..^1)).Item1); // all but the end of Finished

        _store.Load(_mesh.Intermediate.Crl(issued.Leaf));

        Assert.Equal(HandshakeStatus.Complete, Conversation.Advance(meeting.Server, flight.AsSpan(^1..)).Item1);
        Assert.Equal(TlsFailureReason.CertificateRevoked, meeting.Server.Recheck()?.Reason);
        Assert.Null(meeting.Client.Recheck());
    }
}
