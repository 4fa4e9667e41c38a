using System.Diagnostics;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Model.Identities;

namespace Ambient.Certificates.Tests;

public sealed class WorkloadKeyTests
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");

    [Fact]
    public void The_request_has_an_empty_subject_and_one_critical_uri()
    {
        using var key = new WorkloadKey();

        var request = CertificateRequest.LoadSigningRequestPem(key.RequestFor(Web), HashAlgorithmName.SHA256,
            CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions); // also checks its signature

        Assert.Equal([0x30, 0x00], request.SubjectName.RawData);
        Assert.Equal("1.2.840.10045.3.1.7", request.PublicKey.GetECDsaPublicKey()!.ExportParameters(false).Curve.Oid.Value); // P-256
        var extension = Assert.Single(request.CertificateExtensions);
        Assert.Equal(("2.5.29.17", true), (extension.Oid!.Value, extension.Critical));
        Assert.Equal([Web.ToString()], UriSubjectAlternativeName.Read(extension));
    }

    [Fact]
    public async Task OpenSSL_reads_and_verifies_the_request()
    {
        using var key = new WorkloadKey();

        var text = await OpenSslAsync("req -noout -text -verify", key.RequestFor(Web));

        Assert.Contains("verify OK", text);
        Assert.Contains($"URI:{Web}", text);
        Assert.Contains("critical", text);
        Assert.Contains("ecdsa-with-SHA256", text);
    }

    [Fact]
    public void Every_key_is_another()
    {
        using var first = new WorkloadKey();
        using var second = new WorkloadKey();

        Assert.NotEqual(first.ExportPrivateKey(), second.ExportPrivateKey());
        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", first.ExportPrivateKey());
        Assert.DoesNotContain("BEGIN", first.ToString());
    }

    [Fact]
    public void A_name_that_is_not_der_is_an_error_of_its_own()
    {
        var extension = new X509Extension("2.5.29.17", [0x30, 0x05, 0x86], critical: true);

        var error = Assert.Throws<CryptographicException>(() => UriSubjectAlternativeName.Read(extension));

        Assert.IsType<AsnContentException>(error.InnerException);
    }

    private static async Task<string> OpenSslAsync(string arguments, string input)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output + await error;
    }
}
