using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Authority;
using Ambient.Model.Identities;

namespace Ambient.ControlPlane.Authority;

/// <summary>What is in force: who signs, whom to trust, and the longest life that may be granted without recording it first.</summary>
/// <param name="RootsPem">All trusted roots, each block ended by a newline.</param>
internal sealed record AuthorityInForce(Signer Signer, string RootsPem, TimeSpan LongestLeaf);

/// <summary>Signs certificates with whatever authority is in force. It decides how, never for whom. All threads may call.</summary>
internal sealed class CertificateAuthority(AuthorityOptions options, TimeProvider time)
{
    // Less is of no use to anybody: it ends before it has reached its holder.
    private static readonly TimeSpan ShortestRemainingLife = TimeSpan.FromMinutes(1);

    private volatile AuthorityInForce? _inForce;
    private long _confirmed;

    /// <summary>After another signer or bundle came into force; called on the thread that brought it.</summary>
    public event Action? Changed;

    /// <summary>Null until the Secret was read for the first time.</summary>
    public AuthorityInForce? InForce => _inForce;

    /// <summary>Takes what the Secret says now.</summary>
    public void Use(AuthorityInForce authority)
    {
        var before = _inForce;
        _inForce = authority;
        Volatile.Write(ref _confirmed, time.GetTimestamp());
        if (before?.Signer.Fingerprint != authority.Signer.Fingerprint || before.RootsPem != authority.RootsPem)
            Changed?.Invoke();
    }

    /// <summary>The Secret was read again and nothing has changed.</summary>
    public void Confirm() => Volatile.Write(ref _confirmed, time.GetTimestamp());

    /// <summary>The life to grant for what was asked: zero and less mean the default.</summary>
    /// <exception cref="AuthorityException">InvalidRequest: more than may be asked for.</exception>
    public TimeSpan Grant(long requestedSeconds)
    {
        if (requestedSeconds <= 0)
            return options.DefaultLeafLifetime;
        return requestedSeconds <= options.MaxLeafLifetime.TotalSeconds
            ? TimeSpan.FromSeconds(requestedSeconds)
            : throw new AuthorityException(AuthorityFailure.InvalidRequest,
                $"A life of {requestedSeconds} s was asked for; at most {options.MaxLeafLifetime.TotalSeconds:0} s are granted. Set SECRET_TTL lower.");
    }

    /// <summary>Signs a workload's certificate.</summary>
    /// <param name="lifetime">Cut to <see cref="AuthorityInForce.LongestLeaf"/> and to the authority's own end.</param>
    /// <returns>PEM: leaf, each intermediate, all roots in one element; each ends with a newline.</returns>
    /// <exception cref="AuthorityException">Unavailable: there is no authority now, or it is at its end.</exception>
    public IReadOnlyList<string> Sign(PublicKey key, SpiffeId identity, TimeSpan lifetime)
    {
        var (signer, roots, longest) = Require();
        using var leaf = Sign(signer, WorkloadLeaf.RequestFor(key, identity, signer.Hash), lifetime < longest ? lifetime : longest);
        return [PemCertificates.Write(leaf), .. signer.Intermediates.Select(PemCertificates.Write), roots];
    }

    /// <summary>Signs a server's certificate for DNS names.</summary>
    /// <returns>The leaf, owned by the caller, and what a server sends with it.</returns>
    /// <exception cref="AuthorityException">Unavailable.</exception>
    public (X509Certificate2 Leaf, IReadOnlyList<X509Certificate2> Intermediates) SignServer(
        PublicKey key, IReadOnlyList<string> names, TimeSpan lifetime)
    {
        var signer = Require().Signer;
        var request = new CertificateRequest(new X500DistinguishedName($"O={options.TrustDomain}"), key, signer.Hash);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
            alternatives.AddDnsName(name);
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        return (Sign(signer, request, lifetime), signer.Intermediates);
    }

    private X509Certificate2 Sign(Signer signer, CertificateRequest request, TimeSpan lifetime)
    {
        var now = time.GetUtcNow();
        return signer.Sign(request, now - WorkloadLeaf.ClockSkew, now + lifetime);
    }

    private AuthorityInForce Require()
    {
        if (_inForce is not { } authority)
            throw Unavailable("The authority's Secret has not been read yet; try again in a moment");
        // The others may have switched roots meanwhile: what this replica signs could be refused by everybody.
        var unconfirmed = time.GetElapsedTime(Volatile.Read(ref _confirmed));
        if (unconfirmed > options.DistributionTime / 2)
            throw Unavailable($"This replica has not been able to read the authority's Secret for {unconfirmed.TotalMinutes:0} minutes; " +
                "can it reach the API server?");
        if (authority.Signer.NotAfter - time.GetUtcNow() < ShortestRemainingLife)
            throw Unavailable($"The authority's certificate '{authority.Signer.Subject}' ended at {authority.Signer.NotAfter:u} (or its chain did); " +
                $"put a renewed one into the Secret {PluggedInAuthority.Name}");
        return authority;
    }

    private static AuthorityException Unavailable(string what) => new(AuthorityFailure.Unavailable, $"{what}.");
}
