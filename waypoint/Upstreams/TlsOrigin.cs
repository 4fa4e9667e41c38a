using Ambient.Model.Traffic;
using Ambient.Tls;
using Ambient.Tls.OpenSsl;

namespace Ambient.Waypoint.Upstreams;

/// <summary>TLS towards a destination's servers, made of what the user says and of files when it is first needed, and anew when files have changed. Thread-safe.</summary>
/// <param name="host">Of the service: whom we mean where the user names nobody.</param>
internal sealed class TlsOrigin(ServerTls settings, string host, TimeProvider time)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(10);
    private const int MostBytes = 1 << 20;

    private readonly Lock _making = new();
    private OriginContext? _context;
    private string _problem = "";
    private DateTime _madeOf;
    private long _lookedAt;

    public ServerTls Settings => settings;

    /// <returns>Null and why there is none: then nothing may be sent.</returns>
    public (OriginContext? Context, string Problem) Current
    {
        get
        {
            lock (_making)
            {
                if (_lookedAt != 0 && time.GetElapsedTime(_lookedAt) < LookInterval && _context is not null) return (_context, "");
                _lookedAt = time.GetTimestamp();
                Refresh();
                return (_context, _problem);
            }
        }
    }

    // Files that are being replaced may not fit together for a moment: what was read before stays in use.
    private void Refresh()
    {
        try
        {
            var written = Files.Select(File.GetLastWriteTimeUtc).DefaultIfEmpty(DateTime.UnixEpoch).Max();
            if (_context is not null && written == _madeOf) return;
            (_context, _madeOf, _problem) = (new(Read()), written, "");
        }
        catch (Exception e) when (e is TlsConfigurationException or OpenSslException or IOException or UnauthorizedAccessException)
        {
            _problem = e.Message;
        }
    }

    private IEnumerable<string> Files => ((string[])[settings.RootsFile, settings.CertificateFile, settings.KeyFile]).Where(static file => file.Length > 0);

    private OriginSettings Read() => new()
    {
        ServerName = settings.ServerName.Length > 0 ? settings.ServerName : host,
        Names = [.. settings.Names],
        Roots = settings.Roots.Length > 0 ? settings.Roots : ReadFile(settings.RootsFile),
        Certificates = ReadFile(settings.CertificateFile),
        Key = ReadFile(settings.KeyFile),
        AcceptsAnyone = settings.AcceptsAnyone,
    };

    private static string? ReadFile(string path)
    {
        if (path.Length == 0) return null;
        if (new FileInfo(path) is { Exists: true, Length: > MostBytes and var length }) throw new IOException($"{path} has {length} bytes; at most {MostBytes} are read.");
        return File.ReadAllText(path);
    }
}

/// <summary>How a server is reached if not by its address alone. Connections are shared among endpoints that have the same object.</summary>
/// <param name="host">To be resolved when a connection is made; empty for a server with an address.</param>
/// <param name="remote">It stands for all servers of another network; null for one of ours.</param>
/// <param name="tls">Begun on each connection; null for none.</param>
internal sealed class ServerTransport(string host, RemoteServers? remote, TlsOrigin? tls)
{
    public string Host => host;

    public RemoteServers? Remote => remote;

    public TlsOrigin? Tls => tls;
}
