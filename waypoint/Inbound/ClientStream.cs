using System.Net;
using Ambient.Hbone.Tunnels;
using Ambient.HttpProxy;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Routing;
using Ambient.Waypoint.Running;
using Ambient.Waypoint.Tcp;

namespace Ambient.Waypoint.Inbound;

/// <summary>One CONNECT: what was dialled → what it speaks → requests to be routed, or bytes to be carried.</summary>
internal sealed class ClientStream(Worker worker, HboneStream stream, ConnectRequest request, IPEndPoint peer)
{
    private TcpConnection? _connection; // of what is not HTTP, or not known to be

    private WaypointRules Rules => worker.Rules;

    /// <summary>Answers the CONNECT and has the stream served, or refuses and ends it. A defect ends this stream alone.</summary>
    public async Task RunAsync()
    {
        var isServed = false;
        try
        {
            isServed = await TryServeAsync();
        }
        catch (Exception defect)
        {
            Rules.Defect(defect);
            _connection?.HangUp();
        }
        if (!isServed) stream.Dispose();
    }

    private async ValueTask<bool> TryServeAsync()
    {
        if (!Authority.TryParse(request.Authority, out var target) || target.Port == 0) return Refuse(400, "is not a host and port");
        if (await Rules.Targets.FindAsync(target) is not { } destination) return Refuse(404, "does not use this waypoint, or has no such port");
        var client = Client.Of(stream, request, peer, Rules.Mesh.Current, Rules.Options.Node.Network);
        stream.Respond(new(200));
        switch (destination.Protocol)
        {
            case AppProtocol.Http11 or AppProtocol.Http2 or AppProtocol.Grpc:
                ServeRequests(client, destination);
                return true;
            case AppProtocol.Tcp or AppProtocol.Tls:
            case AppProtocol.Unknown when Rules.Services.For(destination).RoutesConnectionsOf(client.Namespace):
                return await (_connection = new(worker, stream, client, destination)).RunAsync();
            default:
                return await ServeUndeclaredAsync(client, destination);
        }
    }

    private async ValueTask<bool> ServeUndeclaredAsync(Client client, DialledTarget destination)
    {
        var connection = _connection = new(worker, stream, client, destination);
        if (!await ProtocolDetection.IsHttpAsync(stream, connection)) return await connection.RunAsync();
        connection.HangUp();
        ServeRequests(client, destination);
        return true;
    }

    private void ServeRequests(Client client, DialledTarget destination)
    {
        var requests = new ClientRequests(worker, client, destination);
        HttpConnection.Start(stream, worker.Http, requests, worker.Connections);
    }

    private bool Refuse(int status, string why)
    {
        stream.Respond(new(status));
        Rules.AccessLog.TunnelRefused(peer, $"'{request.Authority}' {why}");
        return false;
    }
}
