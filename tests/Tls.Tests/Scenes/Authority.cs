using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Tls.Tests.Scenes;

/// <summary>A certificate authority made for one test: a root or an intermediate.</summary>
internal sealed class Authority
{
    public static readonly DateTimeOffset Begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), End = new(2049, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly AsymmetricAlgorithm _key;
    private readonly Authority? _issuer;
    private static long _serial = 0x1000_0000_0000_0000;

    private Authority(X509Certificate2 certificate, AsymmetricAlgorithm key, Authority? issuer) =>
        (Certificate, _key, _issuer) = (X509CertificateLoader.LoadCertificate(certificate.RawData), key, issuer);

    public X509Certificate2 Certificate { get; }

    public string RootPem => _issuer?.RootPem ?? Certificate.ExportCertificatePem();

    public static Authority Root(string name = "root")
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key);
        return new(request.CreateSelfSigned(Begin, End), key, null);
    }

    public static Authority From(X509Certificate2 certificate, ECDsa key) => new(certificate, key, null);

    public Authority Intermediate(string name = "intermediate")
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(Sign(Request(name, key), Begin, End), key, this);
    }

    public Issued Issue(string? uri, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null, string[]? usages = null, AsymmetricAlgorithm? key = null) =>
        Issue(uri is null ? [] : [uri], notBefore, notAfter, usages, key);

    public Issued Issue(string[] uris, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null, string[]? usages = null, AsymmetricAlgorithm? key = null)
    {
        key ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsa
            ? new CertificateRequest("", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("", (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        if (usages is null or { Length: > 0 })
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(Oids(usages ?? [ServerAuth, ClientAuth]), false));
        if (uris.Length > 0) request.CertificateExtensions.Add(Uris(uris));
        var leaf = Sign(request, notBefore ?? Begin, notAfter ?? End);
        return new(leaf, leaf.ExportCertificatePem() + "\n" + ChainPem(), Pem(key));
    }

    public Issued IssueWithoutRoot(string uri)
    {
        var issued = Issue(uri);
        return issued with { ChainPem = issued.ChainPem.Replace(RootPem, "") };
    }

    public const string ServerAuth = "1.3.6.1.5.5.7.3.1", ClientAuth = "1.3.6.1.5.5.7.3.2", CodeSigning = "1.3.6.1.5.5.7.3.3";

    /// <summary>A CRL in DER, signed by this authority.</summary>
    public byte[] Crl(params X509Certificate2[] revoked)
    {
        var builder = new CertificateRevocationListBuilder();
        foreach (var certificate in revoked) builder.AddEntry(certificate, Begin);
        return builder.Build(Certificate.CopyWithPrivateKey((ECDsa)_key), 1, Begin.AddDays(1), HashAlgorithmName.SHA256, thisUpdate: Begin);
    }

    public static string CrlPem(byte[] der) => PemEncoding.WriteString("X509 CRL", der);

    /// <summary>The intermediates from here up, then the root.</summary>
    private string ChainPem() => Certificate.ExportCertificatePem() + "\n" + _issuer?.ChainPem();

    /// <summary>An authority's certificate with an RSA key of so many bits that nobody has made.</summary>
    public string PemWithAbsurdKey(int bits)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        var modulus = new byte[bits / 8];
        modulus.AsSpan().Fill(0xFF);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(modulus);
            writer.WriteInteger(65537);
        }
        var key = new PublicKey(new Oid("1.2.840.113549.1.1.1"), new AsnEncodedData([5, 0]), new AsnEncodedData(writer.Encode()));
        return Sign(new CertificateRequest(new X500DistinguishedName("CN=absurd"), key, HashAlgorithmName.SHA256), Begin, End).ExportCertificatePem();
    }

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var serial = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(serial, Interlocked.Increment(ref _serial));
        return request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa((ECDsa)_key), notBefore, notAfter, serial);
    }

    private static CertificateRequest Request(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        return request;
    }

    private static X509Extension Uris(string[] uris)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            foreach (var uri in uris)
                writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
        return new("2.5.29.17", writer.Encode(), critical: true);
    }

    private static OidCollection Oids(string[] values)
    {
        var oids = new OidCollection();
        foreach (var value in values) oids.Add(new Oid(value));
        return oids;
    }

    private static string Pem(AsymmetricAlgorithm key) => PemEncoding.WriteString("PRIVATE KEY", key.ExportPkcs8PrivateKey());
}

internal sealed record Issued(X509Certificate2 Leaf, string ChainPem, string KeyPem)
{
    /// <summary>What a workload forges that signs with its leaf as if it were an authority.</summary>
    public Issued IssueAsAuthority(ECDsa leafKey, string uri)
    {
        var forged = Authority.From(Leaf, leafKey).Issue(uri);
        return forged with { ChainPem = forged.Leaf.ExportCertificatePem() + "\n" + ChainPem };
    }

    public TlsIdentity Identity(string roots, TlsOptions? options = null) =>
        TlsIdentity.FromPem(ChainPem, KeyPem, roots, options ?? Mesh.Options());
}
