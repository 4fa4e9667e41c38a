using System.Net;
using System.Net.Sockets;
using Ambient.Hbone.Client;
using Ambient.Hbone.Tunnels;
using Ambient.HttpProxy.Upstreams;
using Ambient.Linux;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using Ambient.Tls.OpenSsl;
using Ambient.Transport;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Running;

namespace Ambient.Waypoint.Upstreams;

/// <summary>Opens connections to servers as the waypoint: through their node proxy's tunnel, or plainly to those outside of the mesh.</summary>
/// <remarks>On the worker. Who may answer at an address is what the mesh says now, so an address that has changed hands is not trusted with the old name.</remarks>
internal sealed class MeshDialer(Worker worker) : IUpstreamDialer
{
    private const int Misdirected = 421, MostPauses = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    private readonly RemoteDialer _remote = new(worker);
    private readonly TimeSpan _patience = worker.Rules.Options.Tunnels.ToHbone().Patience; // a pod that is gone is silent: another one may be there
    private readonly DescriptorReserve _reserve = DescriptorReserve.OfProcess(); // for clients, and tunnels
    private readonly IPAddress _ownAddress = IPAddress.Parse(worker.Rules.Options.Node.InstanceIp);

    public ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(EventLoop loop, UpstreamEndpoint endpoint, string? protocol) =>
        endpoint.Transport is ServerTransport transport ? DialAsync(endpoint.Address, transport, protocol, TimeOf(endpoint)) : ConnectAsync(endpoint.Address, TimeOf(endpoint));

    // Of plain connections: a tunnel to a pod's node serves many, and has its own.
    private TimeSpan TimeOf(UpstreamEndpoint endpoint) =>
        endpoint.Limits.ConnectTimeout > TimeSpan.Zero ? endpoint.Limits.ConnectTimeout : worker.Rules.Options.Tunnels.ConnectTimeout;

    private async ValueTask<(Duplex?, ConnectFailure)> DialAsync(IPEndPoint endpoint, ServerTransport transport, string? protocol, TimeSpan limit)
    {
        if (transport.Host.Length > 0)
        {
            if (await worker.Rules.Hosts.ResolveAsync(transport.Host, AddressFamily.InterNetwork) is not { } address) return Failed($"{transport.Host} has no address.");
            endpoint = new(address, endpoint.Port);
        }
        var (context, problem) = transport.Tls?.Current ?? default;
        if (transport.Tls is not null && context is null) return Failed($"TLS to {endpoint} cannot be begun: {problem}");
        var (wire, failure) = transport.Remote is { } remote ? await RemoteAsync(remote) : await ConnectAsync(endpoint, limit);
        return wire is null || context is null ? (wire, failure) : await SecureAsync(wire, new(context, protocol), endpoint);
    }

    private async ValueTask<(Duplex?, ConnectFailure)> RemoteAsync(RemoteServers to)
    {
        var (stream, failure) = await _remote.DialAsync(to);
        return stream is null ? (null, FailureOf(failure!)) : (stream, default);
    }

    private async ValueTask<(Duplex?, ConnectFailure)> SecureAsync(Duplex wire, OriginSession session, IPEndPoint endpoint)
    {
        if (await HandshakeRun.RunAsync(wire, session, worker.Rules.Options.Tunnels.ToHbone().HandshakeTimeout) is not { } failed) return (new SecureStream(wire, session), default);
        wire.Dispose();
        var why = session.Failure ?? (failed == HandshakeFailure.TimedOut ? "the server did not finish the handshake in time" : "the server closed the connection during the handshake");
        session.Dispose();
        return Failed($"TLS with {endpoint} failed: {why}.");
    }

    private async ValueTask<(Duplex?, ConnectFailure)> ConnectAsync(IPEndPoint endpoint, TimeSpan limit)
    {
        var workload = worker.Rules.Mesh.Current.FindWorkload(new NetworkAddress(worker.Rules.Options.Node.Network, endpoint.Address));
        if (workload is { Protocol: TunnelProtocol.Hbone } or { NativeTunnel: true }) return await TunnelAsync(workload, endpoint);
        Descriptor socket;
        try { socket = Worker.NewSocket(endpoint); }
        catch (LinuxException error) { return (null, ConnectFailure.Of(error.Errno)); }

        if (!_reserve.Holds(socket)) return await LoopSocket.ConnectAsync(worker.Loop, socket, endpoint, limit);
        socket.Dispose();
        return (null, ConnectFailure.OutOfDescriptors);
    }

    private async ValueTask<(Duplex?, ConnectFailure)> TunnelAsync(Workload workload, IPEndPoint endpoint)
    {
        var key = new TunnelKey(worker.Rules.Options.Identity, _ownAddress, new(endpoint.Address, WaypointOptions.HbonePort), [workload.Identity]);
        var connected = await worker.Tunnels.ConnectAsync(key, new(endpoint.ToString()), _patience);
        // Its node hears a moment after us that we are its waypoint.
        for (var pauses = 0; connected.Failure is { Status: Misdirected } && pauses < MostPauses; pauses++)
        {
            await worker.Loop.DelayAsync(FirstPause * (1 << pauses));
            connected = await worker.Tunnels.ConnectAsync(key, new(endpoint.ToString()), _patience);
        }
        return connected.Stream is { } stream ? (stream, default) : (null, FailureOf(connected.Failure!));
    }

    private static (Duplex?, ConnectFailure) Failed(string why) => (null, new(ConnectFailureKind.Other, 0) { Detail = why });

    private static ConnectFailure FailureOf(DialFailure failure) => new(failure.Reason switch
    {
        DialReason.ConnectTimedOut or DialReason.HandshakeTimedOut or DialReason.AnswerTimedOut => ConnectFailureKind.TimedOut,
        DialReason.ConnectRefused => ConnectFailureKind.Refused,
        DialReason.Unreachable => ConnectFailureKind.Unreachable,
        DialReason.PortsExhausted => ConnectFailureKind.PortsExhausted,
        _ => ConnectFailureKind.Other,
    }, 0) { Detail = failure.Message };
}
