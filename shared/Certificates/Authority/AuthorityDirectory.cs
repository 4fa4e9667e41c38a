using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Certificates.Authority;

/// <summary>
/// An authority on disk, in the files that a plugged-in mesh authority has: ca-cert.pem, ca-key.pem, cert-chain.pem,
/// root-cert.pem. A root key made here is kept beside them as root-key.pem when an intermediate signs.
/// </summary>
internal sealed class AuthorityDirectory(string path)
{
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Public = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode SecretDirectory = Secret | UnixFileMode.UserExecute;

    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(20);

    // Written last: an authority without it was not finished and is made anew.
    private string KeyFile => Path.Combine(path, "ca-key.pem");

    public bool Exists => File.Exists(KeyFile);

    /// <summary>Keeps other processes from making an authority here at the same time, until disposed or the process dies.</summary>
    public async Task<FileStream> LockAsync(TimeProvider time, CancellationToken stop)
    {
        Directory.CreateDirectory(path, SecretDirectory);
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(path, ".lock"), new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    Share = FileShare.None,
                    UnixCreateMode = Secret,
                });
            }
            catch (IOException) when (File.Exists(Path.Combine(path, ".lock")))
            {
                await Task.Delay(LockRetry, time, stop);
            }
        }
    }

    public void Save(SigningKey signer, SigningKey? root)
    {
        var rootCertificate = (root ?? signer).Certificate;
        Write("root-cert.pem", rootCertificate.ExportCertificatePem(), Public);
        Write("cert-chain.pem", root is null ? "" : signer.Certificate.ExportCertificatePem(), Public);
        Write("ca-cert.pem", signer.Certificate.ExportCertificatePem(), Public);
        if (root is not null)
            Write("root-key.pem", root.Key.ExportPkcs8PrivateKeyPem(), Secret);
        Write("ca-key.pem", signer.Key.ExportPkcs8PrivateKeyPem(), Secret);
    }

    public (SigningKey Signer, X509Certificate2Collection Intermediates, X509Certificate2Collection Roots) Load()
    {
        try
        {
            var key = ECDsa.Create();
            key.ImportFromPem(File.ReadAllText(KeyFile));
            var certificate = X509Certificate2.CreateFromPem(Read("ca-cert.pem"));
            return (new SigningKey(certificate, key), ReadAll("cert-chain.pem"), ReadAll("root-cert.pem"));
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or IOException)
        {
            throw new CertificateException(CertificateFailure.SourceUnavailable,
                $"The authority in {path} cannot be read: {error.Message} It needs ca-cert.pem and ca-key.pem (P-256), " +
                "root-cert.pem and, with an intermediate, cert-chain.pem. An empty directory gets a new authority.", error);
        }
    }

    private string Read(string file) => File.ReadAllText(Path.Combine(path, file));

    private X509Certificate2Collection ReadAll(string file)
    {
        var certificates = new X509Certificate2Collection();
        if (File.Exists(Path.Combine(path, file)))
            certificates.ImportFromPem(Read(file));
        return certificates;
    }

    private void Write(string file, string text, UnixFileMode mode)
    {
        var target = Path.Combine(path, file);
        var temporary = target + ".new";
        File.Delete(temporary);
        using (var stream = new FileStream(temporary,
            new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        using (var writer = new StreamWriter(stream))
            writer.Write(text);
        File.Move(temporary, target, overwrite: true);
    }
}
