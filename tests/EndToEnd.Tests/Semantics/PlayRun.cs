using System.Net.Sockets;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Network;

namespace Ambient.EndToEnd.Tests.Semantics;

/// <summary>Performs a play between two pods and tells what each application saw.</summary>
/// <remarks>
/// Each act waits until the other application has seen the one before, so that the order of events on the wire, and with it
/// what TCP may show, is the same in every run.
/// </remarks>
internal static class PlayRun
{
    /// <returns>One line for each application: bytes it received, and how its connection ended.</returns>
    public static async Task<string> RunAsync(Play play, LabPod clientPod, LabPod serverPod, int port)
    {
        using var listener = serverPod.Listen(port);
        using var clientSocket = await clientPod.ConnectAsync(serverPod.EndPoint(port));
        using var serverSocket = await listener.AcceptAsync().WaitAsync(PodSockets.Limit);
        var client = new Performer(clientSocket);
        var server = new Performer(serverSocket);

        foreach (var act in play.Acts)
        {
            var (actor, other) = act.Who == Actor.Client ? (client, server) : (server, client);
            await PerformAsync(act, actor, other);
        }
        await client.EndAsync();
        await server.EndAsync();
        return $"client: {client.Seen}\nserver: {server.Seen}";
    }

    private static async Task PerformAsync(Act act, Performer actor, Performer other)
    {
        switch (act.What)
        {
            case Deed.Send:
                await actor.SendAsync(act.Bytes);
                await other.ReceivedAsync(act.Bytes);
                break;
            case Deed.Finish:
                actor.Finish();
                await other.EndedAsync();
                break;
            case Deed.Close:
                actor.Close();
                await other.EndedAsync();
                break;
            case Deed.Reset:
                actor.Reset();
                await other.EndedAsync();
                break;
        }
    }
}
