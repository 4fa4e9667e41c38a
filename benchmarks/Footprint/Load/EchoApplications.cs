using System.Net.Sockets;
using Ambient.Footprint.Deployments;
using Ambient.Lab.Network;

namespace Ambient.Footprint.Load;

/// <summary>The application of every pod: it sends back what it gets. All of them live in this process, so they weigh nothing on the scales.</summary>
internal sealed class EchoApplications : IDisposable
{
    private readonly List<Socket> _listeners = [];

    public EchoApplications(IEnumerable<LabPod> pods)
    {
        foreach (var pod in pods)
        {
            var listener = pod.Listen(7000);
            _listeners.Add(listener);
            _ = AcceptAsync(listener);
        }
    }

    public void Dispose()
    {
        foreach (var listener in _listeners) listener.Dispose();
    }

    private static async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true) _ = EchoAsync(await listener.AcceptAsync());
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException) { }
    }

    private static async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            socket.NoDelay = true;
            var buffer = new byte[4096];
            try
            {
                int read;
                while ((read = await socket.ReceiveAsync(buffer)) > 0) await socket.SendAsync(buffer.AsMemory(0, read));
            }
            catch (SocketException) { }
        }
    }
}
