using System.Net;
using System.Net.Sockets;

namespace Ambient.GrpcServer.Tests.Scenes;

/// <summary>A TCP relay that counts bytes, and resets both sides after so many of one direction or when told to.</summary>
public sealed class CuttingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _target;
    private readonly int _towardsServer, _towardsClient;
    private readonly Task _accepting;
    private CancellationTokenSource _cut = new();
    private long _bytes;

    public CuttingRelay(Uri target, int towardsServer = int.MaxValue, int towardsClient = int.MaxValue)
    {
        (_target, _towardsServer, _towardsClient) = (target, towardsServer, towardsClient);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new UriBuilder(_target) { Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri;

    /// <summary>Carried in both directions.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Resets every connection that stands now.</summary>
    public void CutAll() => Interlocked.Exchange(ref _cut, new()).Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting; // which still asks the listener
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var relays = new List<Task>();
        try
        {
            while (true) relays.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException) { }
        await Task.WhenAll(relays);
    }

    private async Task RelayAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(IPAddress.Loopback, _target.Port);
            client.LingerState = server.LingerState = new(true, 0);
            using var cut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _cut.Token);
            await Task.WhenAny(CopyAsync(client, server, _towardsServer, cut.Token), CopyAsync(server, client, _towardsClient, cut.Token));
            await cut.CancelAsync();
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, int budget, CancellationToken cut)
    {
        var buffer = new byte[4096];
        try
        {
            while (budget > 0)
            {
                var read = await from.GetStream().ReadAsync(buffer.AsMemory(0, Math.Min(buffer.Length, budget)), cut);
                if (read == 0) return;
                budget -= read;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), cut);
                Interlocked.Add(ref _bytes, read);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException) { }
    }
}
