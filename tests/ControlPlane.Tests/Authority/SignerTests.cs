using System.Security.Cryptography;
using System.Text;
using Ambient.ControlPlane.Authority;
using Ambient.Kubernetes.Resources;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.ControlPlane.Tests.Authority;

public sealed class SignerTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);
    private static readonly DateTimeOffset Before = Now - TimeSpan.FromDays(1);

    private readonly TestCertificate _root = TestCertificate.Root("root", Before, 10 * Year);

    private static string Refusal(KeyMaterial material)
    {
        var error = Assert.Throws<AuthorityException>(() => Signer.Load(material, Now));
        Assert.Equal(AuthorityFailure.InvalidMaterial, error.Failure);
        Assert.DoesNotContain("PRIVATE", error.Message);
        return error.Message;
    }

    [Fact]
    public void An_intermediate_is_loaded_with_its_path_to_the_root()
    {
        var middle = _root.Intermediate("middle", Before, 5 * Year);
        var signer = middle.Intermediate("signer", Before, 3 * Year);

        var loaded = Signer.Load(signer.Material(_root, signer, middle), Now); // stock's cert-chain.pem repeats the signer

        Assert.Equal(["CN=signer", "CN=middle"], loaded.Intermediates.Select(one => one.Subject));
        Assert.Equal("CN=root", loaded.Anchor.Subject);
        Assert.Equal(Before + 3 * Year, loaded.NotAfter);
    }

    [Fact]
    public void A_root_that_signs_itself_sends_no_intermediate() => Assert.Empty(Signer.Load(_root.Material(_root), Now).Intermediates);

    [Fact]
    public void The_key_of_another_certificate_is_refused() =>
        Assert.Contains("not the key", Refusal(_root.Material(_root) with { Key = TestCertificate.Root("other", Before, Year).KeyPem }));

    [Fact]
    public void A_key_of_another_kind_or_encrypted_or_damaged_is_refused()
    {
        using var rsa = RSA.Create(2048);
        var encrypted = rsa.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000));

        Assert.Contains("ca-key.pem", Refusal(_root.Material(_root) with { Key = rsa.ExportPkcs8PrivateKeyPem() }));
        Assert.Contains("encrypted", Refusal(_root.Material(_root) with { Key = encrypted }));
        var key = Convert.FromBase64String(string.Concat(_root.KeyPem.Split('\n')[1..^1]));
        key[key.AsSpan().IndexOf((byte[])[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]) + 7] = 0x70; // a curve that nobody knows
        Assert.Contains("ca-key.pem", Refusal(_root.Material(_root) with { Key = PemEncoding.WriteString("EC PRIVATE KEY", key) }));
        Assert.Contains("ca-key.pem", Refusal(_root.Material(_root) with { Key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" }));
    }

    [Fact]
    public void A_certificate_that_is_no_authority_is_refused() =>
        Assert.Contains("CA:TRUE", Refusal(_root.Intermediate("leaf", Before, Year, isAuthority: false).Material(_root)));

    [Fact]
    public void An_ended_or_future_authority_is_refused_with_the_date()
    {
        Assert.Contains("ended at 2030-01-01", Refusal(_root.Intermediate("old", Now - Year, Year - TimeSpan.FromDays(1)).Material(_root)));
        Assert.Contains("clock", Refusal(_root.Intermediate("new", Now + TimeSpan.FromHours(1), Year).Material(_root)));
        var ended = TestCertificate.Root("ended root", Now - 2 * Year, Year);
        Assert.Contains("ended root", Refusal(ended.Intermediate("signer", Before, Year).Material(ended)));
    }

    [Fact]
    public void A_chain_that_does_not_lead_to_the_root_is_refused()
    {
        var other = TestCertificate.Root("other root", Before, Year);
        var middle = _root.Intermediate("middle", Before, Year);
        var signer = middle.Intermediate("signer", Before, Year);

        Assert.Contains("does not lead", Refusal(signer.Material(other, middle)));
        Assert.Contains("cert-chain.pem", Refusal(signer.Material(_root))); // the middle one is missing
    }

    [Fact]
    public void A_root_of_the_same_name_over_another_key_does_not_count()
    {
        var impostor = TestCertificate.Root("root", Before, Year);

        Refusal(_root.Intermediate("signer", Before, Year).Material(impostor));
    }

    [Fact]
    public void Path_lengths_are_respected()
    {
        var shallow = TestCertificate.Root("shallow", Before, 10 * Year, pathLength: 0);
        Assert.NotNull(Signer.Load(shallow.Material(shallow), Now));
        Assert.Contains("path length", Refusal(shallow.Intermediate("signer", Before, Year).Material(shallow)));

        var middle = _root.Intermediate("middle", Before, 5 * Year, pathLength: 0);
        Assert.Contains("path length", Refusal(middle.Intermediate("signer", Before, Year).Material(_root, middle)));
    }

    [Fact]
    public void Limits_hold()
    {
        var one = _root.Pem;
        Assert.Contains("at most", Refusal(_root.Material(_root) with { Roots = one + new string(' ', KeyMaterial.MaxCharacters) }));
        Assert.Contains($"more than {PemCertificates.MaxCertificates}", Refusal(_root.Material(_root) with
        {
            Roots = string.Concat(Enumerable.Repeat(one, PemCertificates.MaxCertificates + 1)),
        }));
        Assert.Contains("no certificate", Refusal(_root.Material(_root) with { Roots = "" }));
        Assert.Contains("only CERTIFICATE", Refusal(_root.Material(_root) with
        {
            Roots = one + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        }));
    }

    [Theory, InlineData("ca-cert.pem"), InlineData("ca-key.pem"), InlineData("root-cert.pem")]
    public void A_missing_file_is_named(string key)
    {
        var data = new Dictionary<string, byte[]>
        {
            ["ca-cert.pem"] = Encoding.UTF8.GetBytes(_root.Pem),
            ["ca-key.pem"] = Encoding.UTF8.GetBytes(_root.KeyPem),
            ["root-cert.pem"] = Encoding.UTF8.GetBytes(_root.Pem),
        };
        Assert.NotNull(PluggedInAuthority.ReadSigner(new Secret { Data = data }, Now));
        data.Remove(key);

        var error = Assert.Throws<AuthorityException>(() => PluggedInAuthority.ReadSigner(new Secret { Data = data }, Now));

        Assert.Equal($"Secret cacerts: {key} is missing.", error.Message);
    }

    [Fact]
    public void Any_bytes_in_the_Secret_give_a_typed_error() => Prop.ForAll<byte[], byte[], byte[]>((a, b, c) =>
    {
        try
        {
            PluggedInAuthority.ReadSigner(new Secret
            {
                Data = new Dictionary<string, byte[]>
                {
                    ["ca-cert.pem"] = a, ["ca-key.pem"] = b, ["root-cert.pem"] = c, ["cert-chain.pem"] = a,
                },
            }, Now);
            return false;
        }
        catch (AuthorityException error)
        {
            return error.Failure == AuthorityFailure.InvalidMaterial;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_damage_to_a_good_Secret_gives_a_signer_or_a_typed_error()
    {
        var signer = _root.Intermediate("signer", Before, Year);
        byte[][] good = [.. ((string[])[signer.Pem, signer.KeyPem, _root.Pem]).Select(Encoding.UTF8.GetBytes)];
        Prop.ForAll<NonNegativeInt, NonNegativeInt, byte>((file, at, value) =>
        {
            var files = good.Select(bytes => bytes.ToArray()).ToArray();
            var damaged = files[file.Get % files.Length];
            damaged[at.Get * 17 % damaged.Length] = value;
            try
            {
                return PluggedInAuthority.ReadSigner(new Secret
                {
                    Data = new Dictionary<string, byte[]> { ["ca-cert.pem"] = files[0], ["ca-key.pem"] = files[1], ["root-cert.pem"] = files[2] },
                }, Now) is not null;
            }
            catch (AuthorityException error)
            {
                return error.Failure == AuthorityFailure.InvalidMaterial;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }
}
