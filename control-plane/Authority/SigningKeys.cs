using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.ControlPlane.Authority;

/// <summary>One private key, used by many threads: .NET does not promise that one key object signs on two at once.</summary>
internal sealed class SigningKeys
{
    private const int MinRsaBits = 2048, MinEcBits = 256;

    private readonly ConcurrentBag<AsymmetricAlgorithm> _idle = [];
    private readonly byte[] _pkcs8;
    private readonly bool _isEc;

    private SigningKeys(AsymmetricAlgorithm key)
    {
        _pkcs8 = key.ExportPkcs8PrivateKey();
        _isEc = key is ECDsa;
        Hash = key is ECDsa { KeySize: >= 384 } ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        _idle.Add(key);
    }

    public HashAlgorithmName Hash { get; }

    /// <summary>Reads the key that belongs to <paramref name="certificate"/>.</summary>
    /// <exception cref="AuthorityException">InvalidMaterial: not a key, encrypted, too weak, or of another certificate.</exception>
    public static SigningKeys Read(string name, string pem, X509Certificate2 certificate)
    {
        var key = Import(name, pem, certificate);
        if (key.KeySize < (key is RSA ? MinRsaBits : MinEcBits))
            throw Invalid($"{name} has {key.KeySize} bits; needed are RSA {MinRsaBits} or ECDSA {MinEcBits}");
        if (!key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo()))
            throw Invalid($"{name} is not the key of ca-cert.pem; were the files of two authorities mixed?");
        return new SigningKeys(key);
    }

    /// <summary>Runs <paramref name="sign"/> with a generator that no other thread uses meanwhile.</summary>
    public T With<T>(Func<X509SignatureGenerator, T> sign)
    {
        if (!_idle.TryTake(out var key))
            key = Clone();
        try
        {
            return sign(key is ECDsa ec
                ? X509SignatureGenerator.CreateForECDsa(ec)
                : X509SignatureGenerator.CreateForRSA((RSA)key, RSASignaturePadding.Pkcs1));
        }
        finally
        {
            _idle.Add(key);
        }
    }

    private AsymmetricAlgorithm Clone()
    {
        AsymmetricAlgorithm key = _isEc ? ECDsa.Create() : RSA.Create();
        key.ImportPkcs8PrivateKey(_pkcs8, out _);
        return key;
    }

    private static AsymmetricAlgorithm Import(string name, string pem, X509Certificate2 certificate)
    {
        if (pem.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw Invalid($"{name} is encrypted; the control plane needs it in the clear (the Secret protects it)");
        AsymmetricAlgorithm key = certificate.PublicKey.Oid.Value switch
        {
            "1.2.840.10045.2.1" => ECDsa.Create(),
            "1.2.840.113549.1.1.1" => RSA.Create(),
            _ => throw Invalid("ca-cert.pem has a key that is neither ECDSA nor RSA"),
        };
        try
        {
            key.ImportFromPem(pem);
            return key;
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException or NotSupportedException)
        {
            key.Dispose();
            // Not the error's text: it could quote what it did not understand.
            throw Invalid($"{name} is not one private key in PEM of the kind that ca-cert.pem has");
        }
    }

    private static AuthorityException Invalid(string what) => new(AuthorityFailure.InvalidMaterial, $"{what}.");
}
