using System.Diagnostics;
using Ambient.Grpc;
using Ambient.Grpc.Calls;
using Ambient.Grpc.Channel;
using Ambient.Grpc.Messages;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Protos.Xds;
using Ambient.Xds;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using KubernetesTypes = Ambient.Kubernetes.Resources.ResourceTypes;

namespace Ambient.Scale;

/// <summary>Many nodes in one process: they acknowledge what they are sent and keep nothing of it but their token.</summary>
internal sealed class ScaleNodes
{
    private static readonly GrpcMethod<DeltaDiscoveryRequest, ReadOnlyMemory<byte>> Method =
        new("envoy.service.discovery.v3.AggregatedDiscoveryService", "DeltaAggregatedResources", new ProtobufFormat<DeltaDiscoveryRequest>(DeltaDiscoveryRequest.Parser), RawFormat.Instance);

    private readonly string[] _tokens;
    private readonly Uri _address;
    private readonly List<double> _ages = [];
    private long _bytes, _sent, _responses;
    private int _whole;

    private ScaleNodes(Uri address, int nodes) => (_address, _tokens) = (address, new string[nodes]);

    public static async Task<int> RunAsync(Uri address, ScaleOptions options)
    {
        var nodes = new ScaleNodes(address, options.Nodes);
        await FetchRootsAsync();
        await nodes.RoundAsync("first connection", 1, untilTold: false);
        // The others hold what the first one was sent, as nodes do that come back.
        Array.Fill(nodes._tokens, nodes._tokens[0]);
        await nodes.RoundAsync("connection with the state held", options.Nodes, untilTold: true);
        await nodes.RoundAsync("connection again, nothing changed", options.Nodes, untilTold: true);
        return 0;
    }

    // Connects all, waits until each has the whole state, and keeps them until the next command.
    private async Task RoundAsync(string what, int count, bool untilTold)
    {
        (_bytes, _sent, _whole, _responses) = (0, 0, 0, 0);
        var clock = Stopwatch.StartNew();
        using var stop = new CancellationTokenSource();
        var running = Enumerable.Range(0, count).Select(number => Task.Run(() => RunNodeAsync(number, stop.Token))).ToArray();
        while (Volatile.Read(ref _whole) < count) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        Console.WriteLine($"{what}: {count} nodes in {clock.Elapsed.TotalSeconds:0.0} s, {_bytes / count:N0} bytes received and {_sent / count:N0} sent each (messages)");
        while (untilTold && Console.ReadLine() is { } command && command != "again") PrintAges();
        Console.WriteLine($"{_responses:N0} responses, {_bytes / 1048576.0:N1} MiB received by all");
        await stop.CancelAsync();
        await Task.WhenAll(running);
    }

    private void PrintAges()
    {
        lock (_ages)
        {
            _ages.Sort();
            if (_ages.Count > 0)
                Console.WriteLine($"from the change of the object to node 0: n {_ages.Count}, p50 {_ages[_ages.Count / 2]:0} ms, p90 {_ages[_ages.Count * 9 / 10]:0} ms, p99 {_ages[_ages.Count * 99 / 100]:0} ms, most {_ages[^1]:0} ms");
        }
        Console.WriteLine("ages printed");
    }

    // As the trust bundle that every namespace has, where the node proxies' pods have it mounted.
    public static async Task FetchRootsAsync()
    {
        using var api = new ApiClient(ApiConfiguration.FromKubeconfig(ScaleFiles.Kubeconfig, TimeProvider.System), TimeProvider.System);
        while (true)
        {
            var bundle = await api.FindAsync(KubernetesTypes.ConfigMap, new("istio-system", "istio-ca-root-cert"), CancellationToken.None);
            if (bundle?.Data?.GetValueOrDefault("root-cert.pem") is { Length: > 0 } roots)
            {
                await File.WriteAllTextAsync(ScaleFiles.Roots, roots);
                return;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    public static GrpcMetadata Credentials() => new() { { "authorization", $"Bearer {File.ReadAllText(ScaleFiles.Token)}" } };

    private async Task RunNodeAsync(int number, CancellationToken stop)
    {
        using var channel = new GrpcChannel(new() { Address = _address, Roots = ServerRoots.File(ScaleFiles.Roots), AlternativeHostName = "istiod.istio-system.svc", MaxReceiveBytes = 200 << 20, ConnectTimeout = TimeSpan.FromSeconds(120) });
        await using var call = channel.OpenDuplex(Method, Credentials(), null, stop);
        try
        {
            await WriteAsync(call, FirstRequest(number), stop);
            var whole = false;
            while (true)
            {
                var response = await call.ReadAsync(stop);
                if (number == 0 && whole) lock (_ages) ScaleClock.Read(response.Span, _ages);
                var (nonce, info, bytes) = Read(response);
                Interlocked.Add(ref _bytes, bytes);
                Interlocked.Increment(ref _responses);
                if (StateToken.Read(info) is { } token)
                {
                    _tokens[number] = token;
                    if (!whole) Interlocked.Increment(ref _whole);
                    whole = true;
                }
                await WriteAsync(call, new() { TypeUrl = ResourceTypes.Address, ResponseNonce = nonce }, stop);
            }
        }
        catch (OperationCanceledException) { }
    }

    private DeltaDiscoveryRequest FirstRequest(int number)
    {
        var node = StateToken.Announce(new()
        {
            Id = $"ztunnel~10.0.0.1~ztunnel-{number}.istio-system~istio-system.svc.cluster.local",
            Metadata = new() { Fields = { ["NODE_NAME"] = Value.ForString($"node-{number}"), ["NAMESPACE"] = Value.ForString("istio-system") } },
        });
        return new() { TypeUrl = ResourceTypes.Address, Node = _tokens[number] is { } token ? StateToken.Write(node, ResourceTypes.Address, token) : node };
    }

    private async ValueTask WriteAsync(DuplexCall<DeltaDiscoveryRequest, ReadOnlyMemory<byte>> call, DeltaDiscoveryRequest request, CancellationToken stop)
    {
        Interlocked.Add(ref _sent, request.CalculateSize() + MessageFraming.PrefixBytes);
        await call.WriteAsync(request, stop);
    }

    private static (string Nonce, string Info, int Bytes) Read(ReadOnlyMemory<byte> response)
    {
        var (nonce, info) = ("", "");
        using var input = CodedInputStream.CreateWithLimits(new MemoryStream(response.ToArray()), int.MaxValue, 100);
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag >> 3 == 5) nonce = input.ReadString();
            else if (tag >> 3 == 1) info = input.ReadString();
            else input.SkipLastField();
        }
        return (nonce, info, response.Length + MessageFraming.PrefixBytes);
    }
}
