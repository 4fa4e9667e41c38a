using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Certificates;

/// <summary>The subject alternative name extension with URIs, as SPIFFE puts identities there (RFC 5280 §4.2.1.6).</summary>
/// <remarks>Written and read byte for byte: <see cref="Uri"/> would normalise what an identity is compared by.</remarks>
public static class UriSubjectAlternativeName
{
    public const string Oid = "2.5.29.17";

    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>Critical, because the subject beside it is empty.</summary>
    public static X509Extension Write(string uri)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, UriTag);
        return new X509Extension(Oid, writer.Encode(), critical: true);
    }

    /// <summary>The URIs in the order they stand; other kinds of names are skipped.</summary>
    /// <exception cref="CryptographicException">The extension is not what RFC 5280 says.</exception>
    public static List<string> Read(X509Extension extension)
    {
        try
        {
            var uris = new List<string>();
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (names.PeekTag().HasSameClassAndValue(UriTag))
                    uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, UriTag));
                else
                    names.ReadEncodedValue();
            }
            return uris;
        }
        catch (AsnContentException error)
        {
            throw new CryptographicException("The subject alternative name is malformed.", error);
        }
    }

    /// <summary>The first URI of a certificate or null.</summary>
    public static string? FirstOf(X509Certificate2 certificate)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value == Oid)
                return Read(extension).FirstOrDefault();
        }
        return null;
    }
}
