using Ambient.Tls.Tests.Scenes;
using Ambient.Tls.Verification;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Tls.Tests.Verification;

public sealed class CertificateFieldsTests
{
    private static readonly Authority Root = Authority.Root();

    [Fact]
    public void Fields_agree_with_the_framework()
    {
        var leaf = Root.Issue(["https://a/", Mesh.ClientUri]).Leaf;

        var fields = CertificateFields.TryParse(leaf.RawData);

        Assert.NotNull(fields);
        Assert.Equal(leaf.SerialNumber, Convert.ToHexString(fields.SerialNumber.Span));
        Assert.Equal(leaf.IssuerName.RawData, fields.Issuer.ToArray());
        Assert.Equal((leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime()), (fields.NotBefore.UtcDateTime, fields.NotAfter.UtcDateTime));
        Assert.Equal(leaf.PublicKey.ExportSubjectPublicKeyInfo(), fields.PublicKey.ToArray());
        Assert.Equal(["https://a/", Mesh.ClientUri], fields.Uris);
    }

    [Fact]
    public void Any_bytes_are_a_certificate_or_are_refused()
    {
        var der = Root.Issue(Mesh.ClientUri).Leaf.RawData;
        Prop.ForAll<NonNegativeInt, byte, byte[]>((at, change, noise) =>
        {
            byte[] damaged = [.. der];
            damaged[at.Get % damaged.Length] ^= change;
            return (CertificateFields.TryParse(damaged) is null or { NotAfter.Year: > 0 })
                && CertificateFields.TryParse(noise) is null
                && CertificateFields.TryParse(der[..(at.Get % der.Length)]) is null
                && VerifiedPath.Restore(noise) is null;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }
}
