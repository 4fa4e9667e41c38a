using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Sockets;
using Ambient.Transport;
using Ambient.Ztunnel.Outbound;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Tests.Outbound;

/// <summary>Where the connection of a pod's application would go.</summary>
internal static class Searching
{
    /// <param name="use">Takes over what was found, on the loop.</param>
    public static Task<T> SearchAsync<T>(this PodWorker client, IPEndPoint to, Func<SearchResult, T> use) => client.Loop.RunAsync(async () =>
    {
        using var application = ListeningSocket.Open(new(IPAddress.Loopback, 0), new());
        var (downstream, _) = await LoopSocket.ConnectAsync(client.Loop, OutgoingSocket.Open(AddressFamily.InterNetwork, new()), TcpSockets.LocalName(application).ToEndPoint()!, TimeSpan.FromSeconds(10));
        var found = await new UpstreamSearch(client, downstream!, downstream!.LocalEndPoint!).RunAsync(client.Pod.FindWorkload()!, to);
        downstream.Dispose();
        return use(found);
    });
}
