using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ambient.Certificates;
using Ambient.Certificates.Store;

namespace Ambient.Ztunnel.Admin;

/// <summary><c>certificates</c> of the dump, sorted by identity. Public parts only: keys never come here.</summary>
internal static class CertificateSection
{
    public static void Write(Utf8JsonWriter json, IConfigDumpSource source)
    {
        json.WriteStartArray("certificates"u8);
        foreach (var status in source.Certificates.OrderBy(status => status.Identity.ToString(), StringComparer.Ordinal))
            Write(json, status, source.CertificateOf(status.Identity));
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, CertificateStatus status, WorkloadCertificate? certificate)
    {
        json.WriteStartObject();
        json.WriteString("identity"u8, status.Identity.ToString());
        json.WriteString("state"u8, status.State == CertificateState.Unavailable ? $"Unavailable: {status.Error}" : status.State.ToString());
        WriteChain(json, "certChain"u8, status.Chain, certificate?.ChainPem);
        WriteChain(json, "rootCerts"u8, status.Roots, certificate?.TrustRootsPem);
        json.WriteEndObject();
    }

    private static void WriteChain(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<CertificateDetails> chain, string? pem)
    {
        json.WriteStartArray(name);
        var blocks = pem is null ? [] : Blocks(pem);
        for (var i = 0; i < chain.Count; i++)
        {
            json.WriteStartObject();
            if (i < blocks.Count) json.WriteBase64String("pem"u8, Encoding.ASCII.GetBytes(blocks[i]));
            json.WriteString("serialNumber"u8, Decimal(chain[i].SerialNumber));
            json.WriteString("validFrom"u8, Seconds(chain[i].NotBefore));
            json.WriteString("expirationTime"u8, Seconds(chain[i].NotAfter));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static List<string> Blocks(string pem)
    {
        var blocks = new List<string>();
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            blocks.Add(string.Concat(rest[fields.Location], "\n"));
            rest = rest[fields.Location.End..];
        }

        return blocks;
    }

    // The leading zero keeps a serial number with its top bit set from being read as negative.
    private static string Decimal(string hexadecimal) =>
        BigInteger.Parse("0" + hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);

    private static string Seconds(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
