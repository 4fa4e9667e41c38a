using System.Security.Cryptography.X509Certificates;

namespace Ambient.ControlPlane.Authority;

/// <summary>Whether the certificates of an authority form a chain that peers will accept.</summary>
internal static class AuthorityChain
{
    /// <exception cref="AuthorityException">InvalidMaterial: it may not sign, or not now.</exception>
    public static void RequireAuthority(X509Certificate2 certificate, DateTimeOffset now)
    {
        if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is not { CertificateAuthority: true })
            throw Invalid("ca-cert.pem may not sign others (no CA:TRUE); it needs a certificate that was issued as an authority");
        if (certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage &&
            !usage.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign))
            throw Invalid("ca-cert.pem may not sign certificates (its key usage lacks keyCertSign)");
        RequireTime("ca-cert.pem", certificate, now);
    }

    /// <summary>The path from <paramref name="signer"/> to a root, both included.</summary>
    /// <param name="leaf">What peers would verify: with it, path lengths and name constraints count as they will then.</param>
    /// <exception cref="AuthorityException">InvalidMaterial, with what breaks the chain.</exception>
    public static IReadOnlyList<X509Certificate2> Find(X509Certificate2 leaf, X509Certificate2 signer,
        IReadOnlyList<X509Certificate2> others, IReadOnlyList<X509Certificate2> roots, DateTimeOffset now)
    {
        if (roots.Count == 0)
            throw Invalid("root-cert.pem has no certificate; it is what peers verify by");
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(roots.ToArray());
        policy.ExtraStore.Add(signer);
        policy.ExtraStore.AddRange(others.ToArray());
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = now.UtcDateTime;
        if (!chain.Build(leaf))
            throw Broken(chain, now);
        // Copies: the chain disposes its own.
        return [.. chain.ChainElements.Skip(1).Select(element => X509CertificateLoader.LoadCertificate(element.Certificate.RawData))];
    }

    private static AuthorityException Broken(X509Chain chain, DateTimeOffset now)
    {
        foreach (var element in chain.ChainElements.Skip(1))
            RequireTime($"The certificate '{element.Certificate.Subject}' of the chain", element.Certificate, now);
        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status);
        var subjects = string.Join(" ← ", chain.ChainElements.Skip(1).Select(element => $"'{element.Certificate.Subject}'"));
        return Invalid(status switch
        {
            _ when (status & (X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot)) != 0 =>
                $"The chain {subjects} does not lead to a certificate of root-cert.pem; are all intermediates in cert-chain.pem, " +
                "and is the right self-signed root in root-cert.pem?",
            _ when status.HasFlag(X509ChainStatusFlags.InvalidBasicConstraints) =>
                $"The chain {subjects} is longer than one of its path lengths allows, or one of it is no authority",
            _ when status.HasFlag(X509ChainStatusFlags.NotSignatureValid) => $"A signature in the chain {subjects} is wrong",
            _ => $"What it signs would be refused ({status}) in the chain {subjects}",
        });
    }

    private static void RequireTime(string name, X509Certificate2 certificate, DateTimeOffset now)
    {
        if (certificate.NotAfter.ToUniversalTime() <= now)
            throw Invalid($"{name} ended at {certificate.NotAfter.ToUniversalTime():u}; put a renewed one into the Secret");
        if (certificate.NotBefore.ToUniversalTime() > now)
            throw Invalid($"{name} begins at {certificate.NotBefore.ToUniversalTime():u} only; is this machine's clock right?");
    }

    private static AuthorityException Invalid(string what) => new(AuthorityFailure.InvalidMaterial, $"{what}.");
}
