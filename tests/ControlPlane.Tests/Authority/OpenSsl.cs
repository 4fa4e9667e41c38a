using System.Security.Cryptography.X509Certificates;
using Ambient.TestKit.Peers;

namespace Ambient.ControlPlane.Tests.Authority;

/// <summary>A second opinion on what we sign.</summary>
internal static class OpenSsl
{
    /// <summary><c>openssl verify</c> of an answer of the authority, strictly by RFC 5280.</summary>
    /// <param name="at">The moment to verify for.</param>
    public static async Task<string> VerifyAsync(IReadOnlyList<string> chain, string purpose, DateTimeOffset at)
    {
        var directory = Directory.CreateTempSubdirectory("verify").FullName;
        try
        {
            string File(string name, string text)
            {
                var path = Path.Combine(directory, name);
                System.IO.File.WriteAllText(path, text);
                return path;
            }
            string[] arguments = ["verify", "-x509_strict", "-purpose", purpose, "-attime", at.ToUnixTimeSeconds().ToString(),
                "-CAfile", File("root.pem", chain[^1]), "-untrusted", File("between.pem", string.Concat(chain.Skip(1).SkipLast(1)) is { Length: > 0 } some ? some : chain[^1]),
                File("leaf.pem", chain[0])];
            return await PeerProcess.RunAsync("openssl", arguments);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary><c>openssl x509 -text</c>.</summary>
    public static async Task<string> TextAsync(string pem)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, pem);
            return await PeerProcess.RunAsync("openssl", "x509", "-in", file, "-noout", "-text");
        }
        finally
        {
            File.Delete(file);
        }
    }

    public static X509Certificate2 Parse(string pem) => X509Certificate2.CreateFromPem(pem);
}
