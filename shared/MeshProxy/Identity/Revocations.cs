using Ambient.Hosting.Health;
using Ambient.Linux.Files;
using Ambient.Tls;
using Ambient.Tls.Revocation;
using Microsoft.Extensions.Logging;

namespace Ambient.MeshProxy.Identity;

/// <summary>Keeps the revocation lists in step with their file, and closes the tunnels of peers that were revoked.</summary>
public sealed partial class Revocations : IDisposable
{
    private readonly Lock _loading = new();
    private readonly string _file;
    private readonly Action<Func<PeerIdentity, bool>> _close;
    private readonly ILogger<Revocations> _logger;
    private readonly FileWatch _watch;
    private readonly ReadinessTasks _readiness;
    private readonly string _task;

    /// <param name="close">Ends the tunnels, in both directions, whose peer it is told to. Any thread.</param>
    /// <param name="readiness">Held until the file could be read once: before that, nothing counts as revoked.</param>
    public Revocations(string file, CrlStore store, Action<Func<PeerIdentity, bool>> close, ReadinessTasks readiness, ILogger<Revocations> logger)
    {
        (_file, Store, _close, _readiness, _logger) = (file, store, close, readiness, logger);
        _task = $"revocation lists of {file}, which cannot be read";
        readiness.Begin(_task);
        _watch = new(file, Load); // before the first look: no change is missed between them
        Load();
    }

    public CrlStore Store { get; }

    public void Dispose() => _watch.Dispose();

    private void Load()
    {
        lock (_loading) LoadNow(); // what was read first is not taken over last
    }

    private void LoadNow()
    {
        try
        {
            if (new FileInfo(_file).Length > CrlStore.MaxFileBytes)
            {
                Log.NotLoaded(_logger, _file, $"it is larger than {CrlStore.MaxFileBytes} bytes");
                return;
            }
            var loaded = Store.Load(File.ReadAllBytes(_file));
            if (loaded.Error is { } error) Log.NotLoaded(_logger, _file, error);
            else
            {
                Log.Loaded(_logger, _file, loaded.Lists, loaded.RevokedCertificates);
                _readiness.Complete(_task);
            }
            _close(Store.IsRevoked);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.NotLoaded(_logger, _file, error.Message); // it may come later: the directory is watched
        }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 623.
    private static partial class Log
    {
        [LoggerMessage(621, LogLevel.Information, "Revocation lists of {File}: {Lists} lists, {Revoked} certificates")]
        public static partial void Loaded(ILogger logger, string file, int lists, int revoked);

        [LoggerMessage(622, LogLevel.Error, "Revocation lists of {File} were not loaded, the previous ones, if any, stay in force: {Error}")]
        public static partial void NotLoaded(ILogger logger, string file, string error);
    }
}
