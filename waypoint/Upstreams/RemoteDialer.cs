using System.Net;
using Ambient.Hbone.Client;
using Ambient.Hbone.Tunnels;
using Ambient.Model;
using Ambient.Model.Balancing;
using Ambient.Model.Identities;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.Transport;
using Ambient.Waypoint.Running;

namespace Ambient.Waypoint.Upstreams;

/// <summary>A service's servers in another network: the gateway picks one.</summary>
/// <param name="Service">By whose name it is asked for; who may answer is what the service says.</param>
/// <param name="Port">Of the service.</param>
/// <param name="Gateway">To that network.</param>
internal sealed record RemoteServers(ServiceKey Service, ushort Port, GatewayAddress Gateway);

/// <summary>Opens connections to servers of other networks: a tunnel to the gateway, and in it one that ends at the server's node. On the worker.</summary>
/// <remarks>The gateway sees only the outer one. The inner one carries one connection, or all would reach one server.</remarks>
internal sealed class RemoteDialer(Worker worker)
{
    private readonly IPAddress _ownAddress = IPAddress.Parse(worker.Rules.Options.Node.InstanceIp);

    public async ValueTask<(Duplex? Stream, DialFailure? Failure)> DialAsync(RemoteServers to)
    {
        var now = worker.Rules.Mesh.Current;
        if (now.FindService(to.Service) is not { } service) return Failed($"{to.Service} is not known any more.");
        if (Find(to.Gateway, now) is not var (gateway, expected)) return Failed($"The gateway {to.Gateway}, which leads to servers of {to.Service}, is not known or has no address.");
        var (identity, missing) = await worker.Rules.Identities.FindAsync(worker.Rules.Options.Identity);
        if (identity is null) return Failed(missing!);

        var authority = $"{to.Service.Hostname}:{to.Port}";
        var outer = await worker.Tunnels.ConnectAsync(new(worker.Rules.Options.Identity, _ownAddress, gateway, [.. expected]), new(authority) { Source = "waypoint" });
        if (outer.Stream is null) return (null, outer.Failure);
        var (tunnel, failure) = await worker.Dials.SecureAsync(outer.Stream, identity, [.. service.Identities], $"{authority} behind {gateway}");
        return tunnel is null ? (null, failure) : await AskAsync(tunnel, authority);
    }

    private async ValueTask<(Duplex?, DialFailure?)> AskAsync(Tunnel tunnel, string authority)
    {
        if (tunnel.TryConnect(new(authority) { ForwardedNetwork = worker.Rules.Options.Node.Network }) is not { } stream) // it is ours alone: it is ending already
        {
            tunnel.Close(TunnelEnd.Local);
            return Failed($"{authority} ended the inner tunnel with its handshake.");
        }
        var answer = await stream.WaitAnswerAsync(worker.Rules.Options.Tunnels.ToHbone().AnswerTimeout);
        if (answer is { Status: 200 })
        {
            tunnel.Drain(); // it ends with its stream
            return (stream, null);
        }
        tunnel.Close(TunnelEnd.Local);
        return answer is null ? Failed($"{authority} did not answer the inner CONNECT.") : (null, new(DialReason.AnswerRefused, $"{authority} answered the inner CONNECT with {answer.Status}.", answer.Status));
    }

    /// <returns>Where it takes tunnels, and who may answer there.</returns>
    private (IPEndPoint, EquatableArray<SpiffeId>)? Find(GatewayAddress reference, MeshSnapshot now)
    {
        var found = reference.Host is { } host ? now.Find(host) : now.FindServiceFirst(reference.Address!.Value, null);
        if (found.Workload is { } workload) return At(workload, reference.Address?.Address, reference.HbonePort, [workload.Identity]);
        var place = new ClientPlace(worker.Rules.Options.Node.Network, default, worker.Rules.Options.Node.NodeName ?? "", worker.Rules.Options.Node.ClusterId);
        if (found.Service is not { } service || service.Pick(place, reference.HbonePort, EndpointUse.Gateway, worker.Random) is not { } endpoint) return null;
        return TargetPort.Of(service, endpoint, reference.HbonePort) is { } port ? At(endpoint.Workload, null, port, [.. service.Identities, endpoint.Workload.Identity]) : null;
    }

    private static (IPEndPoint, EquatableArray<SpiffeId>)? At(Workload workload, IPAddress? named, ushort port, EquatableArray<SpiffeId> expected) =>
        (named is not null && workload.Owns(named) ? named : WorkloadAddress.Of(workload, IpFamilies.Automatic)) is { } address ? (new(address, port), expected) : null;

    private static (Duplex?, DialFailure?) Failed(string why) => (null, new(DialReason.ConnectFailed, why));
}
