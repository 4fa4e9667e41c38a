using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Grpc.Channel;

/// <summary>The certificate authorities that may vouch for a server.</summary>
public abstract class ServerRoots
{
    /// <summary>The machine's trust store.</summary>
    public static readonly ServerRoots System = new SystemRoots();

    /// <summary>A PEM file with one or more certificates, read anew at each handshake.</summary>
    public static ServerRoots File(string path) => new FileRoots(path);

    /// <summary>PEM text with one or more certificates.</summary>
    public static ServerRoots Pem(string text) => new PemRoots(text);

    /// <returns>Null: the machine's. Otherwise only these; the caller disposes of them.</returns>
    /// <exception cref="RpcException"><see cref="StatusCode.Unavailable"/>: they cannot be read, with the file's name.</exception>
    internal abstract X509Certificate2Collection? Load();

    private static X509Certificate2Collection Parse(string pem, string where)
    {
        var roots = new X509Certificate2Collection();
        try { roots.ImportFromPem(pem); }
        catch (CryptographicException exception)
        {
            throw new RpcException(StatusCode.Unavailable, $"The server's root certificates in {where} are not PEM: {exception.Message}", exception);
        }
        return roots.Count > 0
            ? roots
            : throw new RpcException(StatusCode.Unavailable, $"There is no certificate in {where}. Put the server's root there, as PEM.");
    }

    private sealed class SystemRoots : ServerRoots
    {
        internal override X509Certificate2Collection? Load() => null;
    }

    private sealed class PemRoots(string text) : ServerRoots
    {
        internal override X509Certificate2Collection Load() => Parse(text, "the configured PEM text");
    }

    private sealed class FileRoots(string path) : ServerRoots
    {
        internal override X509Certificate2Collection Load()
        {
            try { return Parse(global::System.IO.File.ReadAllText(path), path); }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new RpcException(StatusCode.Unavailable, $"The server's root certificates cannot be read: {exception.Message}", exception);
            }
        }
    }
}
