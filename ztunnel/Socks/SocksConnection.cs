using System.Net;
using Ambient.Model.Connections;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Dns;
using Ambient.Ztunnel.Outbound;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Socks;

/// <summary>A connection that asks for its destination by SOCKS 5 and then takes the way of every outbound connection.</summary>
/// <param name="dns">Resolves names as the pod would; null when the pod has no DNS proxy, then names are refused.</param>
internal sealed class SocksConnection(PodWorker pod, LoopSocket downstream, IPEndPoint client, DnsProxy? dns)
{
    private static readonly TimeSpan NegotiationLimit = TimeSpan.FromSeconds(10);

    /// <returns>True: the socket is carried and closed by <see cref="Carriage"/>. False: it stays the caller's.</returns>
    public async Task<bool> RunAsync()
    {
        var request = await SocksServer.NegotiateAsync(downstream, NegotiationLimit);
        if (request.Target is not { } target)
        {
            Refuse(ReasonCode.BadRequest, request.Failure!);
            return false;
        }
        if (await FindAddressAsync(target) is not { } address)
        {
            Refuse(ReasonCode.NameNotResolved, target.ToString());
            await SocksServer.ReplyAsync(downstream, SocksReply.HostUnreachable);
            return false;
        }
        return await new OutboundConnection(pod, downstream, client, new(address, target.Port)).RunAsync(ReplyAsync);
    }

    private async ValueTask<IPAddress?> FindAddressAsync(SocksTarget target)
    {
        if (target.Address is { } address) return address;
        if (dns is null) return null;
        var resolved = await dns.ResolveAsync(target.HostName!, client.AddressFamily);
        return resolved.Addresses.Count > 0 ? resolved.Addresses[0] : null;
    }

    private ValueTask<bool> ReplyAsync(ReasonCode outcome) => SocksServer.ReplyAsync(downstream, outcome switch
    {
        ReasonCode.None => SocksReply.Succeeded,
        ReasonCode.ConnectRefused => SocksReply.ConnectionRefused,
        ReasonCode.ConnectUnreachable => SocksReply.NetworkUnreachable,
        ReasonCode.ConnectTimeout or ReasonCode.TunnelTimeout => SocksReply.HostUnreachable,
        ReasonCode.TunnelRefused401 or ReasonCode.WaypointRequired or ReasonCode.LoopDetected => SocksReply.NotAllowed,
        _ => SocksReply.GeneralFailure,
    });

    private void Refuse(ReasonCode reason, string detail) =>
        pod.Worker.Ledger.Refuse(client, null, Direction.Outbound, reason, detail);
}
