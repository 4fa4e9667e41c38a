using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority;
using Ambient.TestKit.Peers;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.ControlPlane.Tests.Authority;

public sealed class SigningRequestTests
{
    private static string Request(AsymmetricAlgorithm key) => (key is ECDsa ec
        ? new CertificateRequest("CN=somebody else", ec, HashAlgorithmName.SHA256)
        : new CertificateRequest("CN=somebody else", (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)).CreateSigningRequestPem();

    private static string Refusal(string pem)
    {
        var error = Assert.Throws<AuthorityException>(() => SigningRequest.Read(pem));
        Assert.Equal(AuthorityFailure.InvalidRequest, error.Failure);
        return error.Message;
    }

    public static TheoryData<string> Accepted => ["P-256", "P-384", "RSA-2048"];

    private static AsymmetricAlgorithm Key(string kind) => kind switch
    {
        "P-256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "P-384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "P-521" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        "brainpool" => ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1),
        "RSA-1024" => RSA.Create(1024),
        _ => RSA.Create(2048),
    };

    [Theory, MemberData(nameof(Accepted))]
    public void The_key_that_signed_the_request_is_read(string kind)
    {
        using var key = Key(kind);

        Assert.Equal(key.ExportSubjectPublicKeyInfo(), SigningRequest.Read(Request(key)).ExportSubjectPublicKeyInfo());
    }

    [Theory, InlineData("P-521", "curve"), InlineData("brainpool", "curve"), InlineData("RSA-1024", "1024 bits")]
    public void Other_and_weak_keys_are_refused_with_what_is_allowed(string kind, string named)
    {
        using var key = Key(kind);

        var message = Refusal(Request(key));

        Assert.Contains(named, message);
        Assert.Contains("P-256", message);
    }

    [Fact]
    public async Task A_request_that_openssl_made_is_read_and_an_Ed25519_one_refused()
    {
        var directory = Directory.CreateTempSubdirectory("csr").FullName;
        try
        {
            async Task<string> MakeAsync(params string[] kind)
            {
                await PeerProcess.RunAsync("openssl", ["req", "-new", "-nodes", "-subj", "/CN=x", "-keyout", $"{directory}/key.pem", "-out", $"{directory}/csr.pem", .. kind]);
                return await File.ReadAllTextAsync($"{directory}/csr.pem");
            }
            Assert.Equal("1.2.840.10045.2.1", SigningRequest.Read(await MakeAsync("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")).Oid.Value);
            Assert.Equal("1.2.840.113549.1.1.1", SigningRequest.Read(await MakeAsync("-newkey", "rsa:2048")).Oid.Value);
            Refusal(await MakeAsync("-newkey", "ed25519"));
            Refusal(await MakeAsync("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_request_signed_with_another_key_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var bytes = Convert.FromBase64String(string.Concat(Request(key).Split('\n')[1..^1]));
        bytes[^1] ^= 1;

        Assert.Contains("signature", Refusal(PemEncoding.WriteString("CERTIFICATE REQUEST", bytes)));
    }

    [Fact]
    public void What_is_no_single_request_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(key);

        Assert.Contains("not PEM", Refusal(""));
        Assert.Contains("not PEM", Refusal("-----BEGIN CERTIFICATE REQUEST-----"));
        Assert.Contains("another kind", Refusal(key.ExportPkcs8PrivateKeyPem()));
        Assert.Contains("more than one", Refusal(request + "\n" + request));
        Assert.Contains("PKCS#10", Refusal(PemEncoding.WriteString("CERTIFICATE REQUEST", [])));
        Assert.Contains($"at most {SigningRequest.MaxCharacters}", Refusal(request + new string('\n', SigningRequest.MaxCharacters)));
    }

    [Fact]
    public void Any_damage_gives_a_key_or_a_refusal_and_never_another_error()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var good = Convert.FromBase64String(string.Concat(Request(key).Split('\n')[1..^1]));

        Prop.ForAll<NonNegativeInt, byte, NonNegativeInt>((at, value, cut) =>
        {
            var bytes = good[..(good.Length - cut.Get % 8 * (cut.Get % 3))];
            bytes[at.Get * 31 % bytes.Length] = value;
            try
            {
                return SigningRequest.Read(PemEncoding.WriteString("CERTIFICATE REQUEST", bytes)) is not null;
            }
            catch (AuthorityException error)
            {
                return error.Failure == AuthorityFailure.InvalidRequest;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Fact]
    public void Any_text_gives_a_refusal() => Prop.ForAll<string>(text =>
    {
        try
        {
            SigningRequest.Read($"-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----");
            return false;
        }
        catch (AuthorityException)
        {
            return true;
        }
    }).QuickCheckThrowOnFailure();
}
