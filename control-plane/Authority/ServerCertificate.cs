using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Authority;

/// <summary>
/// The control plane's own certificate on its TLS port: made by the mesh's authority, renewed at half its life and whenever
/// another authority comes into force. Connections that stand keep what they have; the next handshake gets the new one.
/// </summary>
internal sealed partial class ServerCertificate : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1), RetryAfter = TimeSpan.FromSeconds(10), MinPause = TimeSpan.FromSeconds(10);

    private readonly CertificateAuthority _authority;
    private readonly AuthorityOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ServerCertificate> _logger;
    private readonly ITimer _renewal;
    private readonly Lock _lock = new();
    private volatile SslStreamCertificateContext? _current;

    public ServerCertificate(CertificateAuthority authority, CallerCertificates callers, AuthorityOptions options, TimeProvider time, ILogger<ServerCertificate> logger)
    {
        (_authority, Callers, _options, _time, _logger) = (authority, callers, options, time, logger);
        _renewal = time.CreateTimer(static self => ((ServerCertificate)self!).Renew(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        authority.Changed += Renew;
        if (authority.InForce is not null)
            Renew();
    }

    /// <summary>Judges what clients show.</summary>
    public CallerCertificates Callers { get; }

    /// <summary>Null until there is an authority.</summary>
    public X509Certificate2? Leaf => _current?.TargetCertificate;

    /// <summary>The names that clients may verify, of this revision's services in its own namespace.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            var ns = _options.SystemNamespace;
            List<string> names = [$"istiod.{ns}.svc", $"istiod-remote.{ns}.svc", $"istio-pilot.{ns}.svc"];
            if (_options.Revision is { Length: > 0 } revision and not "default")
                names.Add($"istiod-{revision}.{ns}.svc");
            return names;
        }
    }

    /// <summary>What the next handshake uses: TLS 1.2 or 1.3, HTTP/2; a client certificate may be shown and then must be of this mesh and not revoked.</summary>
    /// <exception cref="AuthenticationException">There is no certificate yet.</exception>
    public SslServerAuthenticationOptions HandshakeOptions(BaseConnectionContext connection) => new()
    {
        ServerCertificateContext = _current ??
            throw new AuthenticationException("The authority's Secret has not been read yet, so there is no server certificate; try again in a moment."),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        ClientCertificateRequired = true, // asks for one; none is fine as well
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => certificate is null || Callers.Accepts(connection, certificate, chain),
    };

    public void Dispose()
    {
        _authority.Changed -= Renew;
        _renewal.Dispose();
    }

    private void Renew()
    {
        lock (_lock)
        {
            try
            {
                _current = Make();
                var (now, end) = (_time.GetUtcNow(), Leaf!.NotAfter.ToUniversalTime());
                Log.Made(_logger, Leaf.SerialNumber, end);
                var pause = (end - now) / 2;
                _renewal.Change(pause > MinPause ? pause : MinPause, Timeout.InfiniteTimeSpan);
            }
            catch (Exception error)
            {
                // The one in use may still be good for hours.
                Log.Failed(_logger, Leaf?.NotAfter.ToUniversalTime(), error);
                _renewal.Change(RetryAfter, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private SslStreamCertificateContext Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (leaf, intermediates) = _authority.SignServer(new PublicKey(key), Names, Lifetime);
        using (leaf)
        {
            // The context holds its certificate; earlier ones may still be in a handshake and go with the garbage.
            var withKey = leaf.CopyWithPrivateKey(key);
            return SslStreamCertificateContext.Create(withKey, [.. intermediates], offline: true);
        }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1123.
    private static partial class Log
    {
        [LoggerMessage(1121, LogLevel.Debug, "Server certificate {Serial}, until {NotAfter}")]
        public static partial void Made(ILogger logger, string serial, DateTime notAfter);

        [LoggerMessage(1122, LogLevel.Error, "No new server certificate; the present one is good until {NotAfter}")]
        public static partial void Failed(ILogger logger, DateTime? notAfter, Exception error);
    }
}
