using System.Net;
using Ambient.Hbone.Tunnels;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Model.Connections;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Inbound;
using Ambient.Ztunnel.Outbound;
using Ambient.Ztunnel.Passthrough;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Socks;
using Ambient.Ztunnel.Workers;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Serves one pod: its listeners, and its share of every worker. Listeners accept on one worker, connections go to all.</summary>
internal sealed class PodProxy : IPodProxy
{
    // The node agent waits 5 s for the answer to "this pod goes", and the container runtime waits for the agent.
    private static readonly TimeSpan LeaveDeadline = TimeSpan.FromSeconds(2);

    private readonly Pod _pod;
    private readonly WorkerPool _workers;
    private readonly PodWorker[] _parts;
    private readonly Worker _home;
    private readonly List<AcceptLoop> _listeners = [];
    private readonly PodRegistry _registry;
    private readonly TimeSpan _drainDeadline;
    private DnsProxy? _dns;

    public PodProxy(Pod pod, WorkerPool workers, ProxyRules rules, PodRegistry registry, TimeSpan drainDeadline)
    {
        (_pod, _workers, _registry, _drainDeadline) = (pod, workers, registry, drainDeadline);
        _parts = [.. workers.All.Select(worker => new PodWorker(pod, worker, rules))];
        _home = workers.All[workers.Next()];
    }

    public IReadOnlyList<PodWorker> Parts => _parts;

    public EventLoop HomeLoop => _home.Loop;

    /// <summary>Begins to accept on sockets that are bound already.</summary>
    /// <param name="sockets">Taken over.</param>
    public Task ListenAsync(PodListeners sockets) => _home.Loop.RunAsync(() =>
    {
        Accept(sockets.Outbound, AcceptOutbound);
        Accept(sockets.Passthrough, AcceptPassthrough);
        Accept(sockets.Hbone, AcceptTunnel);
        Accept(sockets.Socks, AcceptSocks);
        return ValueTask.CompletedTask;
    });

    public async Task ListenDnsAsync(DnsProxy dns, IReadOnlyList<Descriptor> datagrams, IReadOnlyList<Descriptor> streams)
    {
        _dns = dns;
        await dns.StartAsync(datagrams, streams);
    }

    /// <summary>
    /// Immediate: everything closes now. Otherwise listeners close, peers are told to open no more streams, connections may
    /// finish until the deadline; of a pod that leaves, for 2 s at most.
    /// </summary>
    public async ValueTask StopAsync(PodStop how)
    {
        await _home.Loop.RunAsync(() =>
        {
            foreach (var listener in _listeners) listener.Dispose();
            return ValueTask.CompletedTask;
        });
        // At the same time: a resolver that does not answer must not take the time that connections have to finish.
        var dns = _dns?.StopAsync(how == PodStop.Graceful ? _drainDeadline : TimeSpan.Zero) ?? Task.CompletedTask;
        await Task.WhenAll([dns, .. _parts.Select(part => part.Loop.RunAsync(() => StopAsync(part, how)))]);
        _registry.Remove(this);
    }

    private async ValueTask StopAsync(PodWorker part, PodStop how)
    {
        if (how != PodStop.Immediate)
        {
            var deadline = how == PodStop.Leaving && LeaveDeadline < _drainDeadline ? LeaveDeadline : _drainDeadline;
            part.Pool.Drain();
            await Task.WhenAll(part.Acceptor.DrainAsync(deadline).AsTask(), part.Connections.DrainAsync(deadline).AsTask());
        }
        part.Connections.AbortAll();
        part.Acceptor.Close(TunnelEnd.Drained);
        part.Pool.Close(TunnelEnd.Drained);
    }

    private void Accept(Descriptor? listener, AcceptHandler accepted)
    {
        if (listener is not null) _listeners.Add(AcceptLoop.Start(_home.Loop, listener, accepted));
    }

    private void AcceptOutbound(Descriptor connection, SocketName peer) => OnNextWorker(connection, peer, Captured.Outbound);

    private void AcceptPassthrough(Descriptor connection, SocketName peer) => OnNextWorker(connection, peer, Captured.Passthrough);

    private void AcceptSocks(Descriptor connection, SocketName peer) => OnNextWorker(connection, peer, Captured.Socks);

    private void AcceptTunnel(Descriptor connection, SocketName peer) => OnNextWorker(connection, peer, Captured.Tunnel);

    private void OnNextWorker(Descriptor connection, SocketName peer, Captured how)
    {
        var part = _parts[_workers.Next()];
        if (part.Worker == _home)
            _ = ServeAsync(part, connection, peer, how);
        else
            part.Loop.Post(() => _ = ServeAsync(part, connection, peer, how));
    }

    /// <summary>A defect in the handling of one connection ends it alone, and is told.</summary>
    private async Task ServeAsync(PodWorker part, Descriptor connection, SocketName peer, Captured how)
    {
        try
        {
            var client = peer.ToEndPoint();
            if (how == Captured.Tunnel) await new InboundTunnels(part).RunAsync(connection, client);
            else await CarryAsync(part, connection, client, how);
        }
        catch (Exception defect)
        {
            connection.Dispose();
            part.Worker.Ledger.Refuse(null, null, DirectionOf(how), ReasonCode.InternalError, defect.ToString());
        }
    }

    private async ValueTask CarryAsync(PodWorker part, Descriptor connection, IPEndPoint client, Captured how)
    {
        var direction = DirectionOf(how);
        var isRedirected = OriginalDestination.TryRead(connection, out var destination);
        var socket = LoopSocket.Attach(part.Loop, connection);
        part.Worker.Ledger.SocketOpened(direction);
        var pending = new PendingConnection(socket);
        part.Connections.Add(pending);
        var isCarried = false;
        try
        {
            // A connection made straight to the port was not redirected: then it is its own destination, if it still is there.
            if ((isRedirected ? destination : socket.LocalEndPoint) is not { } to) return;
            isCarried = await (how switch
            {
                Captured.Outbound => new OutboundConnection(part, socket, client, to).RunAsync(),
                Captured.Passthrough => new PassthroughConnection(part, socket, client, to).RunAsync(),
                _ => new SocksConnection(part, socket, client, _dns).RunAsync(),
            });
        }
        finally
        {
            part.Connections.Remove(pending);
            if (!isCarried)
            {
                socket.Dispose();
                part.Worker.Ledger.SocketClosed(direction);
            }
        }
    }

    private static Direction DirectionOf(Captured how) => how is Captured.Passthrough or Captured.Tunnel ? Direction.Inbound : Direction.Outbound;

    /// <summary>Which of the pod's ports a connection came to.</summary>
    private enum Captured : byte { Outbound, Passthrough, Socks, Tunnel }
}
