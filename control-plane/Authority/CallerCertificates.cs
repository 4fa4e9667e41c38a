using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Tls.Revocation;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Authority;

/// <summary>Client certificates on the TLS port: they must be of this mesh, and neither they nor what is above them revoked. Who is revoked later is cut off.</summary>
/// <remarks>Revocation is as in the proxies: a certificate whose issuer has no list counts as good, and a list that cannot be read leaves the one before in force.</remarks>
internal sealed partial class CallerCertificates(CertificateAuthority authority, TimeProvider time, ILogger<CallerCertificates> logger)
{
    private readonly CrlStore _lists = new();
    private readonly ConcurrentDictionary<ConnectionContext, ShownPath> _connected = [];

    /// <summary>Takes these lists instead of those before, and cuts off whom they name. Any thread, one at a time.</summary>
    /// <param name="pem">Null: nobody is revoked.</param>
    public void UseLists(string? pem)
    {
        var loaded = _lists.Load(Encoding.UTF8.GetBytes(pem ?? ""));
        if (loaded.Error is { } error) Log.NotLoaded(logger, PluggedInAuthority.Name, error);
        else Log.Loaded(logger, loaded.Lists, loaded.RevokedCertificates);
        foreach (var (connection, path) in _connected) CutOffIfRevoked(connection, path);
    }

    /// <summary>Whether who shows <paramref name="certificate"/> may come in; remembered for <see cref="ServeAsync"/>.</summary>
    public bool Accepts(BaseConnectionContext connection, X509Certificate certificate, X509Chain? sent)
    {
        if (FindPath(certificate, sent) is not { } path)
            return false;
        if (_lists.IsPathRevoked(path.Certificates))
        {
            Log.Refused(logger, path.Serial);
            return false;
        }
        connection.Items[typeof(ShownPath)] = path;
        return true;
    }

    /// <summary>Lets a connection live until its end, or until the certificate that was shown on it is revoked.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate serve)
    {
        if (!connection.Items.TryGetValue(typeof(ShownPath), out var shown) || shown is not ShownPath path)
        {
            await serve(connection);
            return;
        }
        _connected[connection] = path;
        try
        {
            CutOffIfRevoked(connection, path); // lists may have come since the handshake looked
            await serve(connection);
        }
        finally { _connected.TryRemove(connection, out _); }
    }

    private void CutOffIfRevoked(ConnectionContext connection, ShownPath path)
    {
        if (!_lists.IsPathRevoked(path.Certificates)) return;
        Log.CutOff(logger, path.Serial);
        connection.Abort(new ConnectionAbortedException("the caller's certificate was revoked"));
    }

    /// <returns>The way to a root of ours; null if there is none.</returns>
    private ShownPath? FindPath(X509Certificate certificate, X509Chain? sent)
    {
        if (authority.InForce is not { } inForce)
            return null;
        var roots = PemCertificates.Read("roots", inForce.RootsPem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots.ToArray());
        foreach (var element in sent?.ChainPolicy.ExtraStore ?? [])
            chain.ChainPolicy.ExtraStore.Add(element);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // it would ask the network; our lists come with the authority
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2")); // TLS client
        using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        try
        {
            return chain.Build(leaf) ? new([.. chain.ChainElements.Select(static element => element.Certificate.RawData)], leaf.SerialNumber) : null;
        }
        finally
        {
            foreach (var one in chain.ChainElements.Select(static element => element.Certificate).Concat(roots)) one.Dispose();
        }
    }

    /// <param name="Certificates">DER: leaf first, root last.</param>
    private sealed record ShownPath(IReadOnlyList<byte[]> Certificates, string Serial);

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1195.
    private static partial class Log
    {
        [LoggerMessage(1191, LogLevel.Information, "Revocation lists for callers: {Lists} lists, {Revoked} certificates")]
        public static partial void Loaded(ILogger logger, int lists, int revoked);

        [LoggerMessage(1192, LogLevel.Error, "ca-crl.pem of the Secret {Secret} was not loaded, the previous lists, if any, stay in force: {Error}")]
        public static partial void NotLoaded(ILogger logger, string secret, string error);

        [LoggerMessage(1193, LogLevel.Warning, "A caller was refused: its certificate {Serial}, or one above it, is revoked")]
        public static partial void Refused(ILogger logger, string serial);

        [LoggerMessage(1194, LogLevel.Warning, "A connected caller is cut off: its certificate {Serial}, or one above it, was revoked")]
        public static partial void CutOff(ILogger logger, string serial);
    }
}
