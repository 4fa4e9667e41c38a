using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Lab;
using Ambient.Lab.Processes;
using Ambient.Linux.Namespaces;

namespace Ambient.ClusterBenchmark;

/// <summary>How long a policy takes from kubectl to a live connection that it denies.</summary>
internal static class PolicyRun
{
    private const string Deny = """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: nobody, namespace: shop}
        spec:
          selector: {matchLabels: {app: cart}}
          action: DENY
          rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]
        """;

    public static async Task<int> RunAsync(int times)
    {
        await using var stage = await ClusterStage.SetAsync();
        var (afterReturn, whole) = (new List<double>(), new List<double>());
        for (var i = 0; i < times; i++)
        {
            using var stream = await OpenStreamAsync(stage);
            var watch = Stopwatch.StartNew();
            var cut = CutAsync(stream, watch);
            (await stage.Cluster.ApplyAsync(Deny)).OutputOrThrow();
            var returned = watch.Elapsed;
            var ended = await cut;
            afterReturn.Add((ended - returned).TotalMilliseconds);
            whole.Add(ended.TotalMilliseconds);
            (await stage.Cluster.KubectlAsync("delete", "authorizationpolicy", "nobody", "-n", "shop")).OutputOrThrow();
        }
        Console.WriteLine($"{times} policies; ms from kubectl's return to the cut: {Spread.Of(afterReturn)}");
        Console.WriteLine($"ms from kubectl's start to the cut: {Spread.Of(whole)}");
        return 0;
    }

    // Opened only once the last policy is gone: until then connections are refused.
    private static async Task<Socket> OpenStreamAsync(ClusterStage stage)
    {
        Socket? socket = null;
        await Until.TrueAsync(async () => (socket = await TryOpenAsync(stage)) is not null, "a stream opens");
        return socket!;
    }

    private static async Task<Socket?> TryOpenAsync(ClusterStage stage)
    {
        using var ns = NetworkNamespace.Open(stage.Client.NamespacePath);
        var socket = ns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(IPEndPoint.Parse(stage.Target));
            await socket.SendAsync(Encoding.ASCII.GetBytes("GET /stream HTTP/1.1\r\nHost: cart\r\n\r\n"));
            if (await socket.ReceiveAsync(new byte[4096]) > 0) return socket;
        }
        catch (SocketException)
        {
            // denied still
        }
        socket.Dispose();
        return null;
    }

    private static async Task<TimeSpan> CutAsync(Socket stream, Stopwatch watch)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            while (await stream.ReceiveAsync(new byte[4096], patience.Token) > 0) { }
        }
        catch (SocketException)
        {
            // the reset that is waited for
        }
        catch (OperationCanceledException)
        {
            throw new LabException("The policy had no effect within 20 s.");
        }
        return watch.Elapsed;
    }
}
