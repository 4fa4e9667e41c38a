using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority;
using Ambient.Model.Identities;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Authority;

/// <summary>One control plane process as far as its authority goes; a restart forgets everything that is not in the Secret.</summary>
internal sealed class Replica(MemorySecrets secrets, AuthorityOptions options, TimeProvider time)
{
    private static readonly PublicKey Key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public static readonly SpiffeId Web = new("cluster.local", "shop", "web");

    public CertificateAuthority Authority { get; private set; } = null!;

    public AuthorityController Controller { get; private set; } = null!;

    public bool Leads { get; set; } = true;

    public static Replica Start(MemorySecrets secrets, AuthorityOptions options, TimeProvider time)
    {
        var replica = new Replica(secrets, options, time);
        replica.Restart();
        return replica;
    }

    public void Restart()
    {
        Authority = new CertificateAuthority(options, time);
        Controller = new AuthorityController(secrets, Authority, options, () => Leads, time, NullLogger<AuthorityController>.Instance);
    }

    public Task ReconcileAsync() => Controller.ReconcileAsync(default);

    /// <summary>What a holder gets; recorded first if it is longer than ever before.</summary>
    public async Task<Leaf> IssueAsync(TimeSpan? life = null)
    {
        var granted = Authority.Grant((long)(life ?? TimeSpan.Zero).TotalSeconds);
        if (granted > Authority.InForce?.LongestLeaf)
            await Controller.RecordLifetimeAsync(granted, default);
        return Leaf.Of(Authority.Sign(Key, Web, granted));
    }
}

/// <summary>A certificate in somebody's hands, with the bundle that came with it.</summary>
internal sealed record Leaf(IReadOnlyList<string> Chain, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string Anchor, IReadOnlySet<string> Bundle)
{
    public static Leaf Of(IReadOnlyList<string> chain)
    {
        using var leaf = X509Certificate2.CreateFromPem(chain[0]);
        // Issuer names differ from one authority to the next, so the last one's names the root.
        var top = chain.Count == 2 ? leaf.Issuer : X509Certificate2.CreateFromPem(chain[^2]).Issuer;
        var bundle = PemCertificates.Read("roots", chain[^1]).Select(root => root.Subject).ToHashSet();
        return new(chain, leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime(), top, bundle);
    }

    /// <summary>Whether each of two holders accepts the other.</summary>
    public bool GetsAlongWith(Leaf other) => Bundle.Contains(other.Anchor) && other.Bundle.Contains(Anchor);
}
