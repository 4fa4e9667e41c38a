using Ambient.Model.Traffic;
using Ambient.Tls;
using Ambient.Tls.OpenSsl;

namespace Ambient.Waypoint.Upstreams;

/// <summary>TLS towards a destination's servers, made of what the user says and of files when it is first needed, and anew when files have changed. Thread-safe.</summary>
/// <param name="host">Of the service: whom we mean where the user names nobody.</param>
internal sealed class TlsOrigin(ServerTls settings, string host, TimeProvider time)
{
    /// <summary>Between two looks at the files; less while there is nothing that could be used.</summary>
    internal static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(10), MissingLookInterval = TimeSpan.FromSeconds(1);
    private const int MostBytes = 1 << 20;

    private readonly Lock _making = new();
    private OriginContext? _context;
    private string _problem = "";
    private DateTime _madeOf;
    private long? _lookedAt;

    public ServerTls Settings => settings;

    /// <returns>Null and why there is none: then nothing may be sent.</returns>
    public (OriginContext? Context, string Problem) Current
    {
        get
        {
            lock (_making)
            {
                if (_lookedAt is { } last && time.GetElapsedTime(last) < (_context is null ? MissingLookInterval : LookInterval)) return (_context, _problem);
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
            var written = Files.Select(static path => TargetOf(path).LastWriteTimeUtc).DefaultIfEmpty(DateTime.UnixEpoch).Max();
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

    // Users say which, so it may be anything: devices and pipes, which have no end or never answer, have no length.
    private static string? ReadFile(string path)
    {
        if (path.Length == 0) return null;
        var file = TargetOf(path);
        if (file is { Exists: true, Length: 0 or > MostBytes }) throw new IOException($"{path} has {file.Length} bytes; at most {MostBytes} are read, of a file that is neither empty nor a device.");
        return File.ReadAllText(file.FullName);
    }

    // Mounted Secrets are links, and stay the same ones when what they lead to is replaced.
    private static FileInfo TargetOf(string path) => new(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
}
