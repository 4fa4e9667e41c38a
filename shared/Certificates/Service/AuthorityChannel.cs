using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc.Channel;
using Microsoft.Extensions.Logging;

namespace Ambient.Certificates.Service;

/// <summary>
/// The connection to the authority. When the file with its roots has changed the next call gets a new connection, verified
/// by the new roots; calls under way end on the old one. A file that cannot be used leaves things as they are.
/// </summary>
internal sealed partial class AuthorityChannel : IDisposable
{
    // Files are replaced in several steps; what is read in between is looked at again.
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(2);
    private const int MaxRootsBytes = 1024 * 1024;

    private readonly AuthorityClientOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private Shared? _current;
    private string? _roots;
    private long _looked;
    private bool _closed;

    /// <exception cref="ArgumentException">The address cannot be used.</exception>
    public AuthorityChannel(AuthorityClientOptions options, TimeProvider time, ILogger logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        if (options.RootsFile is null)
            _current = Open(options.RootsPem is { } pem ? ServerRoots.Pem(pem) : ServerRoots.System);
        else
            Open(ServerRoots.System).Close(); // checks the address; the file may come later
    }

    /// <summary>The channel for one call; dispose of the lease when it has ended.</summary>
    /// <exception cref="CertificateException">SourceUnavailable: the roots cannot be read, and never could.</exception>
    public ChannelLease Lease()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_options.RootsFile is { } file && (_current is null || _time.GetElapsedTime(_looked) >= LookAgainAfter))
                Look(file);
            _current!.Users++;
            return new ChannelLease(this, _current);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            _current?.Close();
            _current = null;
        }
    }

    private void Return(Shared channel)
    {
        lock (_lock)
        {
            if (--channel.Users == 0 && channel != _current)
                channel.Close();
        }
    }

    private void Look(string file)
    {
        _looked = _time.GetTimestamp();
        try
        {
            var roots = Read(file);
            if (roots == _roots)
                return;
            var before = _current;
            _current = Open(ServerRoots.Pem(roots));
            _roots = roots;
            if (before is { Users: 0 })
                before.Close();
            if (before is not null)
                Log.RootsChanged(_logger, file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            if (_current is null)
                throw new CertificateException(CertificateFailure.SourceUnavailable,
                    $"The roots that the authority is verified by cannot be read: {error.Message} Is {file} mounted (ConfigMap istio-ca-root-cert)?", error);
            Log.RootsUnusable(_logger, file, error.Message);
        }
    }

    private static string Read(string file)
    {
        using var stream = File.OpenRead(file);
        if (stream.Length > MaxRootsBytes)
            throw new IOException($"{file} has {stream.Length} bytes; at most {MaxRootsBytes} are read.");
        using var reader = new StreamReader(stream);
        var text = reader.ReadToEnd();
        var roots = new X509Certificate2Collection();
        roots.ImportFromPem(text);
        foreach (var root in roots)
            root.Dispose();
        return roots.Count > 0 ? text : throw new IOException($"{file} has no certificate.");
    }

    private Shared Open(ServerRoots roots) => new(new GrpcChannel(new GrpcChannelOptions
    {
        Address = _options.Address,
        Roots = roots,
        AlternativeHostName = _options.AlternativeHostName,
    }, _time));

    /// <summary>A channel and the calls that use it; both under the lock.</summary>
    internal sealed class Shared(GrpcChannel channel)
    {
        public GrpcChannel Channel { get; } = channel;

        public int Users { get; set; }

        public void Close() => Channel.Dispose();
    }

    internal readonly struct ChannelLease(AuthorityChannel owner, Shared shared) : IDisposable
    {
        public GrpcChannel Channel => shared.Channel;

        public void Dispose() => owner.Return(shared);
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 413.
    private static partial class Log
    {
        [LoggerMessage(411, LogLevel.Information, "The authority is verified by the new roots in {File} from now on")]
        public static partial void RootsChanged(ILogger logger, string file);

        [LoggerMessage(412, LogLevel.Warning, "The roots in {File} cannot be used; the earlier ones stay: {Error}")]
        public static partial void RootsUnusable(ILogger logger, string file, string error);
    }
}
