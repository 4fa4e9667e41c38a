using System.Collections.Concurrent;
using System.Net;
using Ambient.Certificates.Authority;
using Ambient.Certificates.Store;
using Ambient.Hbone;
using Ambient.Hbone.Server;
using Ambient.Hbone.Tunnels;
using Ambient.Linux.Sockets;
using Ambient.Model.Identities;
using Ambient.Tls;
using Ambient.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Waypoint.Tests.Scenes;

/// <summary>The node proxies of servers in small: each ends the tunnels that come to an address of its own, and passes on what is in them.</summary>
internal sealed class NodeProxies : IAsyncDisposable
{
    private readonly EventLoop _loop;
    private readonly TimeProvider _time;
    private readonly CertificateStore _store;
    private readonly List<AcceptLoop> _listeners = [];

    public NodeProxies(LocalAuthority authority, TimeProvider time)
    {
        (_loop, _time) = (new("nodes", time), time);
        _store = new(new DevelopmentAuthoritySource(authority, TimeSpan.FromHours(1)), new(), time, new(1), NullLogger<CertificateStore>.Instance);
        _loop.Start();
    }

    /// <summary>What it has shown peers who it is with.</summary>
    public IReadOnlyList<CertificateStatus> Certificates => _store.List();

    /// <summary>What was asked for, in the order in which it was.</summary>
    public ConcurrentQueue<ConnectRequest> Asked { get; } = [];

    /// <summary>The status, by how many times they have been asked.</summary>
    public Func<int, int> Answer { get; set; } = static _ => 200;

    /// <summary>Takes tunnels at <paramref name="at"/> as <paramref name="identity"/>, for the application at <paramref name="to"/>.</summary>
    public async Task<IPEndPoint> ListenAsync(IPEndPoint at, SpiffeId identity, IPEndPoint to)
    {
        var acceptor = new TunnelAcceptor(_loop, new TlsIdentities(_store, new TlsOptions { Time = _time }), new Hbone.Tunnels.TunnelOptions());
        AcceptLoop listening = null!;
        await _loop.RunAsync(() =>
        {
            listening = AcceptLoop.Start(_loop, ListeningSocket.Open(at, new()), (connection, peer) =>
                _ = acceptor.ServeAsync(LoopSocket.Attach(_loop, connection), identity, new Passage(this, to)).AsTask());
            _listeners.Add(listening);
            return ValueTask.CompletedTask;
        });
        return listening.LocalName.ToEndPoint();
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.RunAsync(() =>
        {
            foreach (var listener in _listeners) listener.Dispose();
            return ValueTask.CompletedTask;
        });
        _loop.Dispose();
        await _store.DisposeAsync();
    }

    private sealed class Passage(NodeProxies nodes, IPEndPoint to) : ITunnelServer
    {
        public void OnConnect(HboneStream stream, ConnectRequest request) => _ = PassAsync(stream, request);

        public void OnRefused(Tunnel tunnel, string why) { }

        private async Task PassAsync(HboneStream stream, ConnectRequest request)
        {
            nodes.Asked.Enqueue(request);
            if (nodes.Answer(nodes.Asked.Count) is not 200 and var status)
            {
                stream.Respond(new(status));
                stream.Dispose();
                return;
            }
            var (socket, _) = await LoopSocket.ConnectAsync(nodes._loop, OutgoingSocket.Open(to.AddressFamily, new()), to, TimeSpan.FromSeconds(5));
            stream.Respond(new(200));
            Relay.Start(stream, socket!, new(), new Owner(stream, socket!));
        }
    }

    private sealed class Owner(Duplex one, Duplex other) : IRelayOwner
    {
        public void RelayEnded(RelayOutcome outcome) => End();

        public void RelayFailed(Exception defect) => End();

        private void End()
        {
            one.Dispose();
            other.Dispose();
        }
    }
}
