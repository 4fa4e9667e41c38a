using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Model.Identities;

namespace Ambient.Certificates;

/// <summary>A workload's certificate with its chain, private key and the roots it trusts. Immutable; the key is never printed.</summary>
public sealed class WorkloadCertificate
{
    /// <summary>Most certificates an authority may answer with, roots included.</summary>
    public const int MaxCertificates = 64;

    /// <summary>Longest answer of an authority, in characters of PEM.</summary>
    public const int MaxChainCharacters = 1024 * 1024;

    private WorkloadCertificate(SpiffeId identity, string chain, string key, string roots,
        IReadOnlyList<CertificateDetails> chainDetails, IReadOnlyList<CertificateDetails> rootDetails, DateTimeOffset notAfter)
    {
        (Identity, ChainPem, PrivateKeyPem, TrustRootsPem) = (identity, chain, key, roots);
        (Chain, Roots, NotAfter) = (chainDetails, rootDetails, notAfter);
    }

    public SpiffeId Identity { get; }

    /// <summary>Leaf first, then the intermediates in the order they sign.</summary>
    public string ChainPem { get; }

    /// <summary>PKCS#8 PEM. A secret: for the TLS library, never for a log or a dump.</summary>
    public string PrivateKeyPem { get; }

    /// <summary>One or more roots that peers are checked against.</summary>
    public string TrustRootsPem { get; }

    /// <summary>Leaf first, as in <see cref="ChainPem"/>.</summary>
    public IReadOnlyList<CertificateDetails> Chain { get; }

    public IReadOnlyList<CertificateDetails> Roots { get; }

    public string SerialNumber => Chain[0].SerialNumber;

    public DateTimeOffset NotBefore => Chain[0].NotBefore;

    /// <summary>When the first on the way from the leaf to a root runs out: peers refuse all of it then.</summary>
    public DateTimeOffset NotAfter { get; }

    public TimeSpan Lifetime => NotAfter - NotBefore;

    /// <summary>Takes what an authority answered: leaf first, roots last (one or more PEM blocks), intermediates between.</summary>
    /// <param name="identity">Who was asked for; the leaf's first URI must be exactly this.</param>
    /// <param name="chain">PEM texts in that order; fewer than two are refused because the root would be missing.</param>
    /// <param name="privateKeyPem">PKCS#8 PEM of the key the leaf was signed over.</param>
    /// <exception cref="CertificateException">InvalidChain or WrongIdentity, with what was wrong.</exception>
    public static WorkloadCertificate FromChain(SpiffeId identity, IReadOnlyList<string> chain, string privateKeyPem)
    {
        RequireShape(chain);
        var presented = Parse(identity, string.Join('\n', chain.Take(chain.Count - 1)));
        var roots = Parse(identity, chain[^1]);
        try
        {
            if (presented.Count == 0 || roots.Count == 0)
                throw Invalid("has no certificate where the leaf or the root belongs");
            if (presented.Count + roots.Count > MaxCertificates)
                throw Invalid($"has {presented.Count + roots.Count} certificates; at most {MaxCertificates} are accepted");
            RequireIdentity(identity, presented[0]);
            RequireKey(presented[0], privateKeyPem);
            if (LeafPath.HoldsUntil(presented, roots) is not { } notAfter)
                throw Invalid("does not lead from the leaf to a root: an intermediate is missing, or it was signed by another authority");
            return new WorkloadCertificate(identity, ToPem(presented), privateKeyPem, ToPem(roots),
                [.. presented.Select(CertificateDetails.Of)], [.. roots.Select(CertificateDetails.Of)], notAfter);
        }
        finally
        {
            foreach (var certificate in presented.Concat(roots))
                certificate.Dispose();
        }
    }

    /// <summary>Whether nothing on that way has run out at <paramref name="now"/>.</summary>
    public bool IsValidAt(DateTimeOffset now) => now < NotAfter;

    /// <summary>Safe to log.</summary>
    public override string ToString() => $"{Identity} (serial {SerialNumber}, until {NotAfter:u})";

    private static void RequireShape(IReadOnlyList<string> chain)
    {
        if (chain.Count == 0)
            throw Invalid("is empty");
        if (chain.Count == 1)
            throw Invalid("has a single element, so the trust root is missing; is the authority configured with its root?");
        if (chain.Sum(pem => (long)pem.Length) > MaxChainCharacters)
            throw Invalid($"is longer than {MaxChainCharacters} characters");
    }

    private static X509Certificate2Collection Parse(SpiffeId identity, string pem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
            return certificates;
        }
        catch (CryptographicException error)
        {
            foreach (var certificate in certificates)
                certificate.Dispose();
            throw Invalid($"for {identity} is not PEM certificates", error);
        }
    }

    private static void RequireIdentity(SpiffeId identity, X509Certificate2 leaf)
    {
        string? named;
        try
        {
            named = UriSubjectAlternativeName.FirstOf(leaf);
        }
        catch (CryptographicException error)
        {
            throw Invalid("has a leaf with a malformed subject alternative name", error);
        }
        if (named != identity.ToString())
            throw new CertificateException(CertificateFailure.WrongIdentity,
                $"Asked the authority for {identity}, but its certificate names {named ?? "nobody (no URI)"}. " +
                "Is this node allowed to act for that service account?");
    }

    private static void RequireKey(X509Certificate2 leaf, string privateKeyPem)
    {
        try
        {
            using var ours = ECDsa.Create();
            ours.ImportFromPem(privateKeyPem);
            using var signed = leaf.GetECDsaPublicKey();
            if (signed is null || !signed.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(ours.ExportSubjectPublicKeyInfo()))
                throw Invalid("has a leaf over another key than the one that was sent");
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw Invalid("has a leaf whose key cannot be read", error);
        }
    }

    private static string ToPem(X509Certificate2Collection certificates)
    {
        var text = new StringBuilder();
        foreach (var certificate in certificates)
            text.Append(certificate.ExportCertificatePem()).Append('\n');
        return text.ToString();
    }

    private static CertificateException Invalid(string what, Exception? cause = null) =>
        new(CertificateFailure.InvalidChain, $"The authority's certificate chain {what}.", cause);
}
