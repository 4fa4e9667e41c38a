using System.Buffers.Binary;
using Ambient.Model.Identities;

namespace Ambient.Tls.Verification;

/// <summary>A chain whose signatures, purposes and constraints were checked up to one of our trust roots.</summary>
internal sealed class VerifiedPath
{
    private const byte Format = 1;
    private const int MaxCertificates = 32;

    private VerifiedPath(CertificateFields[] certificates)
    {
        Certificates = certificates;
        NotBefore = certificates.Max(certificate => certificate.NotBefore);
        NotAfter = certificates.Min(certificate => certificate.NotAfter);
        SpiffeIds = [.. certificates[0].Uris.Select(Parse).OfType<SpiffeId>()];
    }

    /// <summary>Leaf first, the trust anchor last.</summary>
    public IReadOnlyList<CertificateFields> Certificates { get; }

    public CertificateFields Leaf => Certificates[0];

    /// <summary>The time in which all its certificates are valid.</summary>
    public DateTimeOffset NotBefore { get; }
    public DateTimeOffset NotAfter { get; }

    /// <summary>As OpenSSL has it: the last second does not count.</summary>
    public bool IsValidAt(DateTimeOffset now) => NotBefore <= now && now < NotAfter;

    /// <summary>The leaf's URI SANs that are SPIFFE identities, in order.</summary>
    public IReadOnlyList<SpiffeId> SpiffeIds { get; }

    public SpiffeId? Id => SpiffeIds.Count > 0 ? SpiffeIds[0] : null;

    /// <returns>Null if one of the certificates is not strict DER.</returns>
    public static VerifiedPath? TryCreate(IReadOnlyList<byte[]> certificates)
    {
        if (certificates.Count is 0 or > MaxCertificates) return null;
        var fields = new CertificateFields[certificates.Count];
        for (var i = 0; i < fields.Length; i++)
        {
            if (CertificateFields.TryParse(certificates[i]) is not { } parsed) return null;
            fields[i] = parsed;
        }
        return new(fields);
    }

    /// <summary>Format 1: version 8 | then for each certificate: length 32, big-endian | DER.</summary>
    public byte[] Save()
    {
        var saved = new byte[1 + Certificates.Sum(certificate => 4 + certificate.Der.Length)];
        saved[0] = Format;
        var at = 1;
        foreach (var certificate in Certificates)
        {
            BinaryPrimitives.WriteInt32BigEndian(saved.AsSpan(at), certificate.Der.Length);
            certificate.Der.CopyTo(saved, at + 4);
            at += 4 + certificate.Der.Length;
        }
        return saved;
    }

    public static VerifiedPath? Restore(ReadOnlySpan<byte> saved)
    {
        if (saved.IsEmpty || saved[0] != Format) return null;
        saved = saved[1..];
        var certificates = new List<byte[]>();
        while (!saved.IsEmpty)
        {
            if (saved.Length < 4) return null;
            var length = BinaryPrimitives.ReadInt32BigEndian(saved);
            if (length < 0 || length > saved.Length - 4) return null;
            certificates.Add(saved.Slice(4, length).ToArray());
            saved = saved[(4 + length)..];
        }
        return TryCreate(certificates);
    }

    private static SpiffeId? Parse(string uri) => SpiffeId.TryParse(uri, out var id) ? id : null;
}
