using System.Net;
using Ambient.Hbone.Tunnels;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Running;

namespace Ambient.Waypoint.Inbound;

/// <summary>Takes tunnels on port 15008 and spreads them over the workers.</summary>
internal sealed class TunnelListener
{
    private readonly IReadOnlyList<Worker> _workers;
    private AcceptLoop? _accepting;
    private uint _next;

    private TunnelListener(IReadOnlyList<Worker> workers) => _workers = workers;

    private Worker Home => _workers[0];

    public int Port => _accepting!.LocalName.ToEndPoint().Port;

    /// <exception cref="LinuxException">The port is taken.</exception>
    /// <param name="port">0 takes a free one.</param>
    public static async Task<TunnelListener> StartAsync(IReadOnlyList<Worker> workers, int port = WaypointOptions.HbonePort)
    {
        var listener = new TunnelListener(workers);
        var socket = Open(port);
        await listener.Home.Loop.RunAsync(() =>
        {
            listener._accepting = AcceptLoop.Start(listener.Home.Loop, socket, listener.Accept);
            return ValueTask.CompletedTask;
        });
        return listener;
    }

    /// <summary>Takes no more tunnels, tells clients to open no more streams on theirs, and lets requests finish until the deadline.</summary>
    public async Task StopAsync(TimeSpan deadline)
    {
        await Home.Loop.RunAsync(() =>
        {
            _accepting!.Dispose();
            return ValueTask.CompletedTask;
        });
        await Task.WhenAll(_workers.Select(worker => worker.Loop.RunAsync(() => StopAsync(worker, deadline))));
    }

    private static async ValueTask StopAsync(Worker worker, TimeSpan deadline)
    {
        // What is said at the deadline still needs its tunnel.
        await Task.WhenAll(worker.Acceptor.DrainAsync(deadline + ConnectionSet.LastWords).AsTask(), worker.Connections.DrainAsync(deadline).AsTask());
        await worker.Tracer.FlushAsync();
        worker.Acceptor.Close(TunnelEnd.Drained);
        worker.Upstreams.Dispose();
        worker.Tunnels.Close(TunnelEnd.Drained);
    }

    private static Descriptor Open(int port) =>
        ListeningSocket.Open(new(IPAddress.IPv6Any, port), new() { NoDelay = true, KeepAlive = KeepAliveTimes.Default });

    private void Accept(Descriptor connection, SocketName peer)
    {
        var worker = _workers[(int)(_next++ % (uint)_workers.Count)];
        if (worker == Home) _ = ServeAsync(worker, connection, peer);
        else worker.Loop.Post(() => _ = ServeAsync(worker, connection, peer));
    }

    /// <summary>A defect in the handling of one tunnel ends it alone, and is told.</summary>
    private static async Task ServeAsync(Worker worker, Descriptor connection, SocketName peer)
    {
        try
        {
            var socket = LoopSocket.Attach(worker.Loop, connection);
            var refused = await worker.Acceptor.ServeAsync(socket, worker.Rules.Options.Identity, new ClientTunnel(worker, peer.ToEndPoint()));
            if (refused is not null) worker.Rules.AccessLog.TunnelRefused(peer.ToEndPoint(), refused.Message);
        }
        catch (Exception defect)
        {
            connection.Dispose();
            worker.Rules.Defect(defect);
        }
    }
}
