using Ambient.Tls.Tests.Scenes;
using Ambient.Tls.Verification;

namespace Ambient.Tls.Tests.Verification;

public sealed class VerifiedPathCacheTests
{
    private readonly VerifiedPath _path = VerifiedPath.TryCreate([Authority.Root().Issue(Mesh.ClientUri).Leaf.RawData])!;

    [Fact]
    public void The_least_recently_used_chain_is_forgotten_first()
    {
        var cache = new VerifiedPathCache(capacity: 2);
        cache.Add(Key(1), _path);
        cache.Add(Key(2), _path);

        Assert.True(cache.TryGet(Key(1), out _));
        cache.Add(Key(3), _path);

        Assert.Equal(2, cache.Count);
        Assert.True(cache.TryGet(Key(1), out _));
        Assert.False(cache.TryGet(Key(2), out _));
    }

    [Fact]
    public void A_chain_that_serves_as_a_client_is_not_known_as_a_server()
    {
        var cache = new VerifiedPathCache(capacity: 2);

        cache.Add(Key(1), _path);

        Assert.False(cache.TryGet(Key(1) with { PeerIsClient = false }, out _));
    }

    [Fact]
    public void A_client_purpose_that_was_accepted_does_not_make_a_server()
    {
        using var mesh = new Mesh();
        var clientOnly = mesh.Identity(mesh.Intermediate.Issue([Mesh.ClientUri, Mesh.ServerUri], usages: [Authority.ClientAuth]));
        using (var asClient = mesh.Meet(clientOnly, mesh.Server()).Run()) Assert.Null(asClient.Server.Failure);

        using var asServer = mesh.Meet(mesh.Client(), clientOnly).Run();

        Assert.Equal(TlsFailureReason.CertificateInvalid, asServer.Client.Failure?.Reason);
    }

    [Fact]
    public void Capacity_zero_remembers_nothing()
    {
        var cache = new VerifiedPathCache(capacity: 0);

        cache.Add(Key(1), _path);

        Assert.Equal(0, cache.Count);
    }

    private static PresentedChainKey Key(int number) => new((UInt128)number, 0, PeerIsClient: true);
}
