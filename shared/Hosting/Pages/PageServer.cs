using System.Net;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;
using Microsoft.Extensions.Logging;

namespace Ambient.Hosting.Pages;

/// <summary>A small HTTP/1.1 server for a process's own pages, on one event loop, behind any number of listening sockets.</summary>
/// <remarks>On the loop only, except the constructor. Needs no thread pool and no framework sockets, which would cost megabytes.</remarks>
public sealed partial class PageServer(EventLoop loop, PageServerOptions options, PageHandler handler, ILogger<PageServer> logger)
{
    private readonly ConnectionSet _connections = new(loop);
    private readonly List<AcceptLoop> _listeners = [];

    /// <summary>Connections now.</summary>
    public int Connections => _connections.Count;

    /// <summary>Starts to serve at one more address.</summary>
    /// <param name="listener">Taken over.</param>
    /// <returns>Where it listens: the port is known now if it was 0.</returns>
    public IPEndPoint Listen(Descriptor listener)
    {
        var accepting = AcceptLoop.Start(loop, listener, Accept);
        _listeners.Add(accepting);
        return accepting.LocalName.ToEndPoint();
    }

    /// <summary>Stops listening, lets requests under way finish, and closes the rest at the deadline.</summary>
    /// <returns>How many connections had to be cut.</returns>
    public ValueTask<int> StopAsync(TimeSpan deadline)
    {
        foreach (var listener in _listeners) listener.Dispose();
        _listeners.Clear();
        return _connections.DrainAsync(deadline);
    }

    private void Accept(Descriptor descriptor, SocketName peer)
    {
        SocketOptions.NoDelay(descriptor);
        var socket = LoopSocket.Attach(loop, descriptor);
        if (_connections.Count >= options.MaxConnections && !MakeRoom())
        {
            Log.TooMany(logger, options.MaxConnections);
            socket.TrySend("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"u8);
            socket.Dispose();
            return;
        }

        var connection = new PageConnection(socket, options, RespondAsync);
        _connections.Add(connection);
        _ = ServeAsync(connection);
    }

    // Else whoever opens connections and keeps them waiting, idle or within a request, would keep out the probes of the kubelet, which then ends the process.
    private bool MakeRoom()
    {
        var waiting = _connections.ToArray().Cast<PageConnection>().Where(static connection => connection.WaitsSince is not null);
        if (waiting.MinBy(static connection => connection.WaitsSince) is not { } longest) return false;
        longest.Dispose();
        return true;
    }

    private async Task ServeAsync(PageConnection connection)
    {
        try { await connection.RunAsync(); }
        catch (Exception e) { Log.ConnectionFailed(logger, e); }
        finally
        {
            connection.Dispose();
            _connections.Remove(connection);
        }
    }

    private async ValueTask<PageResponse> RespondAsync(PageRequest request)
    {
        try { return await handler(request); }
        catch (Exception e)
        {
            Log.PageFailed(logger, request.Method, request.Path, e);
            return PageResponse.Text(500, "This page failed; the log says why.\n");
        }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 125.
    private static partial class Log
    {
        [LoggerMessage(121, LogLevel.Error, "{Method} {Path} failed")]
        public static partial void PageFailed(ILogger logger, string method, string path, Exception exception);

        [LoggerMessage(122, LogLevel.Warning, "A connection was refused: {Limit} are open, which is the limit")]
        public static partial void TooMany(ILogger logger, int limit);

        [LoggerMessage(124, LogLevel.Error, "A page connection ended unexpectedly")]
        public static partial void ConnectionFailed(ILogger logger, Exception exception);
    }
}
