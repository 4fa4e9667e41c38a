using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.ControlPlane.Authority;

/// <summary>PEM texts with certificates, read with limits and written in one way.</summary>
internal static class PemCertificates
{
    /// <summary>Certificates in one text at most.</summary>
    public const int MaxCertificates = 32;

    /// <summary>All certificates of a text, in their order.</summary>
    /// <param name="name">What the text is called, for the error.</param>
    /// <param name="most">Certificates that may be there.</param>
    /// <exception cref="AuthorityException">InvalidMaterial.</exception>
    public static List<X509Certificate2> Read(string name, string pem, int most = MaxCertificates)
    {
        var certificates = new List<X509Certificate2>();
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var block))
        {
            if (rest[block.Label] is not "CERTIFICATE")
                throw Invalid($"{name} has a PEM block '{rest[block.Label]}'; only CERTIFICATE belongs there");
            if (certificates.Count == most)
                throw Invalid($"{name} has more than {most} certificates");
            certificates.Add(Load(name, rest[block.Location]));
            rest = rest[block.Location.End.GetOffset(rest.Length)..];
        }
        if (rest.Contains("-----BEGIN", StringComparison.Ordinal))
            throw Invalid($"{name} has a PEM block that is cut off or damaged");
        return certificates;
    }

    /// <summary>One block that ends with a newline.</summary>
    public static string Write(X509Certificate2 certificate) => certificate.ExportCertificatePem() + "\n";

    public static string Fingerprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    private static X509Certificate2 Load(string name, ReadOnlySpan<char> pem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(pem);
        }
        catch (CryptographicException error)
        {
            throw new AuthorityException(AuthorityFailure.InvalidMaterial, $"{name} has a block that is no X.509 certificate.", error);
        }
    }

    private static AuthorityException Invalid(string what) => new(AuthorityFailure.InvalidMaterial, $"{what}.");
}
