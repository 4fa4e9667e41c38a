using System.Net;
using Ambient.Hbone.Client;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
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

    private readonly IPAddress _ownAddress = IPAddress.Parse(worker.Rules.Options.Node.InstanceIp);

    public async ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(EventLoop loop, IPEndPoint endpoint)
    {
        var workload = worker.Rules.Mesh.Current.FindWorkload(new NetworkAddress(worker.Rules.Options.Node.Network, endpoint.Address));
        if (workload is { Protocol: TunnelProtocol.Hbone } or { NativeTunnel: true }) return await TunnelAsync(workload, endpoint);
        return await LoopSocket.ConnectAsync(loop, Worker.NewSocket(endpoint), endpoint, worker.Rules.Options.Tunnels.ConnectTimeout);
    }

    private async ValueTask<(Duplex?, ConnectFailure)> TunnelAsync(Workload workload, IPEndPoint endpoint)
    {
        var key = new TunnelKey(worker.Rules.Options.Identity, _ownAddress, new(endpoint.Address, WaypointOptions.HbonePort), [workload.Identity]);
        var connected = await worker.Tunnels.ConnectAsync(key, new(endpoint.ToString()));
        // Its node hears a moment after us that we are its waypoint.
        for (var pauses = 0; connected.Failure is { Status: Misdirected } && pauses < MostPauses; pauses++)
        {
            await worker.Loop.DelayAsync(FirstPause * (1 << pauses));
            connected = await worker.Tunnels.ConnectAsync(key, new(endpoint.ToString()));
        }
        return connected.Stream is { } stream ? (stream, default) : (null, FailureOf(connected.Failure!));
    }

    private static ConnectFailure FailureOf(DialFailure failure) => new(failure.Reason switch
    {
        DialReason.ConnectTimedOut or DialReason.HandshakeTimedOut or DialReason.AnswerTimedOut => ConnectFailureKind.TimedOut,
        DialReason.ConnectRefused => ConnectFailureKind.Refused,
        DialReason.Unreachable => ConnectFailureKind.Unreachable,
        DialReason.PortsExhausted => ConnectFailureKind.PortsExhausted,
        _ => ConnectFailureKind.Other,
    }, 0) { Detail = failure.Message };
}
