using Ambient.CniAgent.PodNamespaces;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent.Zds;

/// <summary>
/// Where node proxies connect. Several may be connected while one replaces another: pods are added to the newest and deleted
/// from all; when the newest goes, the one before it takes over.
/// </summary>
/// <remarks>Thread-safe. Each connection has a thread; there are two during an upgrade and one otherwise.</remarks>
internal sealed partial class ZdsServer : IDisposable
{
    private readonly PodRegistry _pods;
    private readonly ZdsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ZdsServer> _logger;
    private readonly SeqPacketListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _accepting;

    // Oldest first. Its lock also orders "is in the snapshot" against "is passed on as a change".
    private readonly List<ZdsConnection> _connections = [];
    private readonly List<Thread> _serving = [];

    /// <summary>Listens at once; who connects waits until <see cref="Start()"/>.</summary>
    /// <exception cref="LinuxException">The path's directory is missing or not writable.</exception>
    public ZdsServer(string path, PodRegistry pods, ZdsOptions options, TimeProvider time, ILogger<ZdsServer> logger)
    {
        (_pods, _options, _time, _logger) = (pods, options, time, logger);
        _listener = new SeqPacketListener(path);
        _accepting = new Thread(AcceptAll, maxStackSize: 512 * 1024) { Name = "zds accept", IsBackground = true };
        Log.Listening(logger, path);
    }

    /// <summary>
    /// Serves who connects. To be called once the registry has every pod that is in the mesh: a proxy lets go of those it is
    /// not told of. Repeats do nothing.
    /// </summary>
    public void Start()
    {
        if (!_accepting.ThreadState.HasFlag(ThreadState.Unstarted))
            return;
        _accepting.Start();
    }

    /// <summary>
    /// Fires when a proxy has become the newest: every pod is to be added again, because it may not have heard of it, or
    /// could not start it. What it serves already it answers at once. Must not block.
    /// </summary>
    public event Action? Connected;

    /// <summary>Proxies that are connected and greeted.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (_connections)
                return _connections.Count;
        }
    }

    /// <summary>Has the newest proxy serve a pod that the registry holds; returns when its listeners are bound.</summary>
    /// <exception cref="ZdsException">It is not served; see <see cref="ZdsException.Failure"/>.</exception>
    public Task AddAsync(string uid)
    {
        lock (_connections)
        {
            return _connections.Count > 0 ? _connections[^1].AddAsync(uid) : Task.FromException(new ZdsException(ZdsFailure.NotConnected,
                "No node proxy is connected, so the pod stays closed. Does ztunnel run on this node, with the same socket path?"));
        }
    }

    /// <summary>Has all proxies let go of a pod. A proxy that is gone or fails is logged: it serves nothing any more either way.</summary>
    public async Task DeleteAsync(string uid)
    {
        List<Task> deletes = [];
        lock (_connections)
        {
            foreach (var connection in _connections)
                deletes.Add(DeleteFromAsync(connection, uid));
        }
        await Task.WhenAll(deletes);
    }

    /// <summary>Closes the socket and all connections; pods stay as they are in the proxies.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        if (!_accepting.ThreadState.HasFlag(ThreadState.Unstarted))
            _accepting.Join();
        lock (_connections)
        {
            foreach (var connection in _connections)
                connection.Stop();
        }
        foreach (var thread in Threads())
            thread.Join();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task DeleteFromAsync(ZdsConnection connection, string uid)
    {
        try
        {
            await connection.DeleteAsync(uid);
        }
        catch (ZdsException error)
        {
            Log.NotDeleted(_logger, uid, error.Message);
        }
    }

    private void AcceptAll()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (_listener.Accept(Timeout.InfiniteTimeSpan) is { } socket)
                    Start(socket);
            }
            catch (LinuxException error)
            {
                Log.NotAccepted(_logger, error.Message);
            }
            Pause(_options.AcceptInterval);
        }
    }

    private void Start(SeqPacketSocket socket)
    {
        var thread = new Thread(() => Serve(socket), maxStackSize: 512 * 1024) { Name = "zds", IsBackground = true };
        lock (_serving)
        {
            _serving.RemoveAll(static other => !other.IsAlive);
            _serving.Add(thread);
            thread.Start();
        }
    }

    private void Serve(SeqPacketSocket socket)
    {
        using var connection = new ZdsConnection(socket, _pods, _options);
        var process = socket.PeerCredentials().Process;
        try
        {
            connection.Greet();
            var uids = Join(connection);
            Log.Connected(_logger, process, uids.Count);
            Connected?.Invoke();
            connection.Serve(uids, (uid, error) => Log.NotStarted(_logger, uid, error));
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            if (!_stop.IsCancellationRequested)
                Log.Ended(_logger, process, error.Message);
        }
        finally
        {
            Leave(connection);
        }
    }

    // From here on changes are queued behind the snapshot, so none falls between the two.
    private IReadOnlyList<string> Join(ZdsConnection connection)
    {
        lock (_connections)
        {
            if (_stop.IsCancellationRequested)
                connection.Stop();
            _connections.Add(connection);
            return _pods.Uids();
        }
    }

    private void Leave(ZdsConnection connection)
    {
        bool takenOver;
        lock (_connections)
        {
            takenOver = _connections.Count > 1 && ReferenceEquals(_connections[^1], connection);
            _connections.Remove(connection);
        }
        if (!takenOver || _stop.IsCancellationRequested)
            return;
        Log.TakenOver(_logger);
        Connected?.Invoke(); // it heard of no pod while it was not the newest
    }

    private Thread[] Threads()
    {
        lock (_serving)
            return [.. _serving];
    }

    private void Pause(TimeSpan pause)
    {
        try
        {
            Task.Delay(pause, _time, _stop.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 608.
    private static partial class Log
    {
        [LoggerMessage(601, LogLevel.Information, "Node proxies connect at {Path}")]
        public static partial void Listening(ILogger logger, string path);

        [LoggerMessage(602, LogLevel.Information, "Node proxy (process {Process}) is connected; {Pods} pods are told")]
        public static partial void Connected(ILogger logger, int process, int pods);

        [LoggerMessage(603, LogLevel.Warning, "Node proxy (process {Process}) is no longer connected: {Reason}")]
        public static partial void Ended(ILogger logger, int process, string reason);

        [LoggerMessage(604, LogLevel.Warning, "Pod {Uid} is not served yet: {Reason}")]
        public static partial void NotStarted(ILogger logger, string uid, string reason);

        [LoggerMessage(605, LogLevel.Warning, "Pod {Uid} was not deleted from a node proxy: {Reason}")]
        public static partial void NotDeleted(ILogger logger, string uid, string reason);

        [LoggerMessage(606, LogLevel.Warning, "A node proxy could not be accepted: {Reason}")]
        public static partial void NotAccepted(ILogger logger, string reason);

        [LoggerMessage(607, LogLevel.Information, "The newest node proxy is gone; the one before it takes over")]
        public static partial void TakenOver(ILogger logger);
    }
}
