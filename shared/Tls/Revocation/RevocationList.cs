using System.Formats.Asn1;
using Ambient.Tls.OpenSsl;

namespace Ambient.Tls.Revocation;

/// <summary>One certificate revocation list (RFC 5280 §5). Immutable but for what it remembers about signatures; thread-safe.</summary>
internal sealed class RevocationList
{
    private const string DeltaIndicator = "2.5.29.27", IssuingDistributionPoint = "2.5.29.28";
    private static readonly Asn1Tag Extensions = new(TagClass.ContextSpecific, 0), IndirectCrl = new(TagClass.ContextSpecific, 4);

    private readonly byte[] _der;
    private readonly HashSet<Bytes> _revoked = [];
    private volatile Signer? _lastSigner; // lists have one issuer, so one answer is enough to remember

    private RevocationList(byte[] der) => _der = der;

    /// <summary>The issuer's Name as DER.</summary>
    public Bytes Issuer { get; private set; }

    public int RevokedCount => _revoked.Count;

    public static RevocationList? TryParse(byte[] der, out string error)
    {
        error = "";
        var list = new RevocationList(der);
        try { list.Read(); }
        catch (NotSupportedException unsupported) { error = unsupported.Message; }
        catch (Exception malformed) when (malformed is AsnContentException or ArgumentException or OverflowException)
        {
            error = $"it is not a CRL in DER ({malformed.Message})";
        }
        if (error.Length == 0 && !CrlSignature.CanParse(der)) error = "OpenSSL does not accept it as a CRL";
        return error.Length == 0 ? list : null;
    }

    /// <summary>True if the list names <paramref name="serialNumber"/> and was signed with <paramref name="issuerKey"/>.</summary>
    /// <param name="issuerKey">SubjectPublicKeyInfo of the certificate's issuer: two authorities may have the same name.</param>
    public bool Revokes(ReadOnlyMemory<byte> serialNumber, ReadOnlyMemory<byte> issuerKey) =>
        _revoked.Contains(new(serialNumber)) && IsSignedBy(new(issuerKey));

    private bool IsSignedBy(Bytes key)
    {
        if (_lastSigner is { } known && known.Key.Equals(key)) return known.Signed;
        var signed = CrlSignature.IsBy(_der, key.Value.Span);
        _lastSigner = new(key, signed);
        return signed;
    }

    private void Read()
    {
        var file = new AsnReader(_der, AsnEncodingRules.DER);
        var list = file.ReadSequence();
        file.ThrowIfNotEmpty();

        var signed = list.ReadSequence();
        if (signed.PeekTag().HasSameClassAndValue(Asn1Tag.Integer)) signed.ReadInteger(); // version
        signed.ReadSequence(); // signature algorithm
        Issuer = new(signed.ReadEncodedValue());
        while (signed.HasData && IsTime(signed.PeekTag())) signed.ReadEncodedValue(); // thisUpdate, nextUpdate: not enforced
        if (signed.HasData && signed.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence)) ReadRevoked(signed.ReadSequence());
        if (signed.HasData) ReadExtensions(signed.ReadSequence(Extensions).ReadSequence());
        signed.ThrowIfNotEmpty();
    }

    private void ReadRevoked(AsnReader entries)
    {
        while (entries.HasData)
            _revoked.Add(new(entries.ReadSequence().ReadIntegerBytes()));
    }

    private static void ReadExtensions(AsnReader extensions)
    {
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var id = extension.ReadObjectIdentifier();
            var critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            if (id == DeltaIndicator) throw new NotSupportedException("it is a delta CRL; give the complete one");
            if (id == IssuingDistributionPoint) RefuseIndirect(extension.ReadOctetString());
            else if (critical) throw new NotSupportedException($"it has the critical extension {id}, which is not understood here");
        }
    }

    // An entry of an indirect CRL may be about a certificate of another issuer than the list's.
    private static void RefuseIndirect(byte[] distributionPoint)
    {
        var fields = new AsnReader(distributionPoint, AsnEncodingRules.DER).ReadSequence();
        while (fields.HasData)
        {
            if (fields.PeekTag().HasSameClassAndValue(IndirectCrl) && fields.ReadBoolean(IndirectCrl))
                throw new NotSupportedException("it is an indirect CRL; give one CRL for each issuer");
            if (fields.HasData) fields.ReadEncodedValue();
        }
    }

    private static bool IsTime(Asn1Tag tag) =>
        tag.HasSameClassAndValue(Asn1Tag.UtcTime) || tag.HasSameClassAndValue(Asn1Tag.GeneralizedTime);

    private sealed record Signer(Bytes Key, bool Signed);
}

/// <summary>Bytes compared by content.</summary>
internal readonly struct Bytes(ReadOnlyMemory<byte> value) : IEquatable<Bytes>
{
    public ReadOnlyMemory<byte> Value => value;

    public bool Equals(Bytes other) => Value.Span.SequenceEqual(other.Value.Span);

    public override bool Equals(object? obj) => obj is Bytes other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Value.Span);
        return hash.ToHashCode();
    }
}
