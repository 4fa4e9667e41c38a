using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Authority;

namespace Ambient.ControlPlane.Authority;

/// <summary>An authority that was checked and can sign. Immutable; all threads may sign.</summary>
internal sealed class Signer
{
    private readonly X509Certificate2 _certificate;
    private readonly SigningKeys _keys;
    private readonly X509AuthorityKeyIdentifierExtension? _keyIdentifier;

    private Signer(KeyMaterial material, X509Certificate2 certificate, SigningKeys keys)
    {
        (Material, _certificate, _keys) = (material, certificate, keys);
        // RFC 5280 §4.2.1.1: names the key that signed; an authority without a subject key identifier has nothing to name.
        if (certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Any())
            _keyIdentifier = X509AuthorityKeyIdentifierExtension.CreateFromCertificate(certificate, true, false);
    }

    public KeyMaterial Material { get; }

    /// <summary>SHA-256 of the certificate that signs.</summary>
    public string Fingerprint => PemCertificates.Fingerprint(_certificate);

    public string Subject => _certificate.Subject;

    /// <summary>What a leaf brings along, in the order of signing: none if a root signs itself.</summary>
    public IReadOnlyList<X509Certificate2> Intermediates { get; private init; } = [];

    /// <summary>The root that leaves are verified up to.</summary>
    public required X509Certificate2 Anchor { get; init; }

    /// <summary>All roots that came with this authority, <see cref="Anchor"/> among them.</summary>
    public required IReadOnlyList<X509Certificate2> Roots { get; init; }

    /// <summary>From when to when the whole chain is valid, root included.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Reads an authority and tries it out: key and certificate fit, it may sign, and what it signs leads to a root.</summary>
    /// <exception cref="AuthorityException">InvalidMaterial, naming the file of the Secret and what to do.</exception>
    public static Signer Load(KeyMaterial material, DateTimeOffset now)
    {
        if (material.Characters > KeyMaterial.MaxCharacters)
            throw Invalid($"The files have {material.Characters} characters; at most {KeyMaterial.MaxCharacters} are read");
        try
        {
            return Check(material, now);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or NotSupportedException)
        {
            // What is well-formed outside may still be nonsense within, and the platform finds it only in use.
            throw new AuthorityException(AuthorityFailure.InvalidMaterial, "A certificate of the files cannot be used; are they damaged?", error);
        }
    }

    private static Signer Check(KeyMaterial material, DateTimeOffset now)
    {
        var certificates = PemCertificates.Read("ca-cert.pem", material.Certificate);
        if (certificates.Count == 0)
            throw Invalid("ca-cert.pem has no certificate");
        var certificate = certificates[0];
        AuthorityChain.RequireAuthority(certificate, now);
        var keys = SigningKeys.Read("ca-key.pem", material.Key, certificate);
        var roots = PemCertificates.Read("root-cert.pem", material.Roots);
        var others = certificates.Skip(1).Concat(PemCertificates.Read("cert-chain.pem", material.Chain)).ToList();

        var path = AuthorityChain.Find(new Probe(certificate, keys).Sign(now), certificate, others, roots, now);
        return new Signer(material, certificate, keys)
        {
            Intermediates = [.. path.SkipLast(1)],
            Anchor = path[^1],
            Roots = roots,
            NotBefore = path.Max(one => (DateTimeOffset)one.NotBefore.ToUniversalTime()),
            NotAfter = path.Min(one => (DateTimeOffset)one.NotAfter.ToUniversalTime()),
        };
    }

    /// <summary>Reads an authority that was accepted once: it is known also after its end, so that a new one can take over from it.</summary>
    /// <exception cref="AuthorityException">InvalidMaterial.</exception>
    public static Signer LoadStored(KeyMaterial material, DateTimeOffset now)
    {
        try
        {
            return Load(material, now);
        }
        catch (AuthorityException) when (LastMoment(material) is { } last && last < now)
        {
            return Load(material, last);
        }
    }

    public HashAlgorithmName Hash => _keys.Hash;

    /// <summary>Signs <paramref name="request"/>, whose extensions stand already; adds who signed. Cut to the chain's own validity.</summary>
    public X509Certificate2 Sign(CertificateRequest request, DateTimeOffset from, DateTimeOffset until)
    {
        if (_keyIdentifier is not null)
            request.CertificateExtensions.Add(_keyIdentifier);
        return _keys.With(generator => request.Create(_certificate.SubjectName, generator,
            from > NotBefore ? from : NotBefore, until < NotAfter ? until : NotAfter, WorkloadLeaf.NewSerialNumber()));
    }

    /// <summary>The last second in which all certificates that have begun by then are valid; null if there are none.</summary>
    private static DateTimeOffset? LastMoment(KeyMaterial material)
    {
        var all = PemCertificates.Read("ca-cert.pem", material.Certificate)
            .Concat(PemCertificates.Read("cert-chain.pem", material.Chain))
            .Concat(PemCertificates.Read("root-cert.pem", material.Roots)).ToList();
        return all.Count == 0 ? null : all.Min(one => (DateTimeOffset)one.NotAfter.ToUniversalTime()).AddSeconds(-1);
    }

    private static AuthorityException Invalid(string what) => new(AuthorityFailure.InvalidMaterial, $"{what}.");

    // A leaf signed only to see whether the chain above it would be accepted.
    private readonly struct Probe(X509Certificate2 issuer, SigningKeys keys)
    {
        public X509Certificate2 Sign(DateTimeOffset now)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = WorkloadLeaf.RequestFor(new PublicKey(key), new("probe.invalid", "probe", "probe"), keys.Hash);
            var name = issuer.SubjectName;
            DateTimeOffset from = issuer.NotBefore.ToUniversalTime(), until = now.AddMinutes(1);
            return keys.With(generator => request.Create(name, generator, from, until, WorkloadLeaf.NewSerialNumber()));
        }
    }
}
