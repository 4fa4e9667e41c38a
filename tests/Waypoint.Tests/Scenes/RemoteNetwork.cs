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

/// <summary>Another network in small: its gateway, which ends the outer tunnel and passes on what is in it, and the node of a server, which ends the inner one.</summary>
internal sealed class RemoteNetwork : IAsyncDisposable
{
    public static readonly SpiffeId GatewayIdentity = new("cluster.local", "east", "gateway"), ServerIdentity = new("cluster.local", "shop", "remote");

    private readonly EventLoop _loop = new("remote", TimeProvider.System);
    private readonly CertificateStore _store;
    private readonly List<AcceptLoop> _listeners = [];

    public RemoteNetwork(LocalAuthority authority)
    {
        _store = new(new DevelopmentAuthoritySource(authority, TimeSpan.FromHours(1)), new(), TimeProvider.System, new(1), NullLogger<CertificateStore>.Instance);
        _loop.Start();
    }

    /// <summary>What was asked for, of the gateway and then of the node.</summary>
    public ConcurrentQueue<ConnectRequest> Asked { get; } = [];

    /// <returns>The gateway's end, at port 15008 of an address of this machine.</returns>
    public async Task<IPEndPoint> StartAsync(IPAddress address, IPEndPoint application)
    {
        var node = await ListenAsync(new(IPAddress.Loopback, 0), ServerIdentity, application);
        return await ListenAsync(new(address, 0), GatewayIdentity, node);
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

    private async Task<IPEndPoint> ListenAsync(IPEndPoint at, SpiffeId identity, IPEndPoint to)
    {
        var acceptor = new TunnelAcceptor(_loop, new TlsIdentities(_store, new TlsOptions { Time = TimeProvider.System }), new Hbone.Tunnels.TunnelOptions());
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

    private sealed class Passage(RemoteNetwork network, IPEndPoint to) : ITunnelServer
    {
        public void OnConnect(HboneStream stream, ConnectRequest request) => _ = PassAsync(stream, request);

        public void OnRefused(Tunnel tunnel, string why) { }

        private async Task PassAsync(HboneStream stream, ConnectRequest request)
        {
            network.Asked.Enqueue(request);
            var (socket, _) = await LoopSocket.ConnectAsync(network._loop, OutgoingSocket.Open(to.AddressFamily, new()), to, TimeSpan.FromSeconds(5));
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
