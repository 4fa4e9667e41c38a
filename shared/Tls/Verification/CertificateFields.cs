using System.Formats.Asn1;

namespace Ambient.Tls.Verification;

/// <summary>The fields of a certificate (RFC 5280 §4.1) that are looked at after its chain has been checked.</summary>
/// <remarks>Parsed strictly as DER: what is not DER is refused, so that nobody reads it in two ways.</remarks>
internal sealed class CertificateFields
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private static readonly Asn1Tag Version = new(TagClass.ContextSpecific, 0), Extensions = new(TagClass.ContextSpecific, 3),
        Uri = new(TagClass.ContextSpecific, 6);

    private CertificateFields(byte[] der) => Der = der;

    public byte[] Der { get; }
    public ReadOnlyMemory<byte> SerialNumber { get; private set; }

    /// <summary>The Name as DER; equal bytes are equal names.</summary>
    public ReadOnlyMemory<byte> Issuer { get; private set; }

    public DateTimeOffset NotBefore { get; private set; }
    public DateTimeOffset NotAfter { get; private set; }

    /// <summary>SubjectPublicKeyInfo as DER.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; private set; }

    /// <summary>URI names of the subjectAltName extension, in order.</summary>
    public IReadOnlyList<string> Uris { get; private set; } = [];

    /// <returns>Null if <paramref name="der"/> is not one certificate in DER.</returns>
    public static CertificateFields? TryParse(byte[] der)
    {
        try
        {
            var fields = new CertificateFields(der);
            fields.Read();
            return fields;
        }
        catch (Exception malformed) when (malformed is AsnContentException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    private void Read()
    {
        var file = new AsnReader(Der, AsnEncodingRules.DER);
        var certificate = file.ReadSequence();
        file.ThrowIfNotEmpty();

        var signed = certificate.ReadSequence();
        if (signed.PeekTag().HasSameClassAndValue(Version)) signed.ReadEncodedValue();
        SerialNumber = signed.ReadIntegerBytes();
        signed.ReadSequence(); // signature algorithm
        Issuer = signed.ReadEncodedValue();
        ReadValidity(signed.ReadSequence());
        signed.ReadEncodedValue(); // subject
        PublicKey = signed.ReadEncodedValue();
        while (signed.HasData)
            if (signed.PeekTag().HasSameClassAndValue(Extensions)) ReadExtensions(signed.ReadSequence(Extensions).ReadSequence());
            else signed.ReadEncodedValue(); // unique identifiers of X.509 version 2
    }

    private void ReadValidity(AsnReader validity)
    {
        NotBefore = ReadTime(validity);
        NotAfter = ReadTime(validity);
        validity.ThrowIfNotEmpty();
    }

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private void ReadExtensions(AsnReader extensions)
    {
        var seen = false;
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            if (extension.ReadObjectIdentifier() != SubjectAlternativeName) continue;
            if (seen) throw new AsnContentException("Two subjectAltName extensions."); // RFC 5280 §4.2: one instance at most
            seen = true;
            if (extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean)) extension.ReadBoolean(); // critical
            Uris = ReadUris(new AsnReader(extension.ReadOctetString(), AsnEncodingRules.DER).ReadSequence());
        }
    }

    private static List<string> ReadUris(AsnReader names)
    {
        var uris = new List<string>();
        while (names.HasData)
            if (names.PeekTag().HasSameClassAndValue(Uri)) uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, Uri));
            else names.ReadEncodedValue();
        return uris;
    }
}
