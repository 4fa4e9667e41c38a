using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Authority;

/// <summary>An authority that the operator brings: Secret cacerts with ca-cert.pem, ca-key.pem, cert-chain.pem, root-cert.pem and, if wanted, ca-crl.pem.</summary>
internal static class PluggedInAuthority
{
    public const string Name = "cacerts";

    private const string RevocationsKey = "ca-crl.pem";
    private const int MaxRevocationCharacters = 900 * 1024; // must fit a ConfigMap (1 MiB)

    /// <exception cref="AuthorityException">InvalidMaterial, naming the key of the Secret and what to do.</exception>
    public static Signer ReadSigner(Secret secret, DateTimeOffset now)
    {
        foreach (var key in (string[])["ca-cert.pem", "ca-key.pem", "root-cert.pem"])
            if (AuthoritySecret.Text(secret, key).Length == 0)
                throw Invalid($"{key} is missing");
        try
        {
            return Signer.Load(new(AuthoritySecret.Text(secret, "ca-cert.pem"), AuthoritySecret.Text(secret, "ca-key.pem"),
                AuthoritySecret.Text(secret, "cert-chain.pem"), AuthoritySecret.Text(secret, "root-cert.pem")), now);
        }
        catch (AuthorityException error)
        {
            throw new AuthorityException(error.Failure, $"Secret {Name}: {error.Message}", error);
        }
    }

    /// <summary>Revocation lists in PEM; null if there are none. They count whatever is wrong with the rest.</summary>
    /// <exception cref="AuthorityException">As above.</exception>
    public static string? ReadRevocations(Secret secret)
    {
        var pem = AuthoritySecret.Text(secret, RevocationsKey);
        if (pem.Length == 0)
            return null;
        if (pem.Length > MaxRevocationCharacters || !pem.Contains("-----BEGIN X509 CRL-----", StringComparison.Ordinal))
            throw Invalid($"{RevocationsKey} is not X509 CRL blocks in PEM of at most {MaxRevocationCharacters} characters");
        return pem;
    }

    private static AuthorityException Invalid(string what) =>
        new(AuthorityFailure.InvalidMaterial, $"Secret {Name}: {what}.");
}
