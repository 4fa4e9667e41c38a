using System.Net;
using Ambient.Certificates.Authority;
using Ambient.Certificates.Store;
using Ambient.Hbone;
using Ambient.Hbone.Client;
using Ambient.Hbone.Tunnels;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Model.Identities;
using Ambient.Tls;
using Ambient.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Waypoint.Tests.Scenes;

/// <summary>A client's node proxy in small: what is sent to one of its ports goes through a tunnel to the waypoint, as a connection to what was dialled.</summary>
internal sealed class ClientNode : IAsyncDisposable
{
    private readonly EventLoop _loop;
    private readonly CertificateStore _store;
    private readonly TunnelPool _tunnels;
    private readonly TunnelKey _key;
    private readonly List<AcceptLoop> _listeners = [];

    public ClientNode(LocalAuthority authority, SpiffeId client, SpiffeId waypoint, IPEndPoint at, TimeProvider time)
    {
        _loop = new("client", time);
        _store = new(new DevelopmentAuthoritySource(authority, TimeSpan.FromHours(1)), new(), time, new(1), NullLogger<CertificateStore>.Instance);
        var identities = new TlsIdentities(_store, new TlsOptions { Time = time });
        var options = new Hbone.Tunnels.TunnelOptions();
        _tunnels = new(_loop, options, new TunnelDialer(identities, static to => OutgoingSocket.Open(to.AddressFamily, new()), options));
        _key = new(client, IPAddress.Loopback, at, [waypoint]);
        _loop.Start();
    }

    /// <summary>What it has shown peers who it is with.</summary>
    public IReadOnlyList<CertificateStatus> Certificates => _store.List();

    /// <summary>The status with which the last CONNECT was refused; 0 if none was.</summary>
    public int LastRefusal { get; private set; }

    /// <summary>Opens a port of this machine that leads to <paramref name="dialled"/>.</summary>
    public async Task<IPEndPoint> OpenAsync(string dialled)
    {
        AcceptLoop listening = null!;
        await _loop.RunAsync(() =>
        {
            listening = AcceptLoop.Start(_loop, ListeningSocket.Open(new(IPAddress.Loopback, 0), new()), (connection, peer) => { _ = CarryAsync(connection, dialled); });
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
            _tunnels.Close(TunnelEnd.Local);
            return ValueTask.CompletedTask;
        });
        _loop.Dispose();
        await _store.DisposeAsync();
    }

    private async Task CarryAsync(Descriptor connection, string dialled)
    {
        var socket = LoopSocket.Attach(_loop, connection);
        var connected = await _tunnels.ConnectAsync(_key, new(dialled));
        if (connected.Stream is { } stream) Relay.Start(socket, stream, new(), new Owner(socket, stream));
        else
        {
            LastRefusal = connected.Failure!.Status;
            socket.Abort();
            socket.Dispose();
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
