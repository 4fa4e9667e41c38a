using System.Diagnostics;
using Ambient.Grpc;
using Ambient.Grpc.Calls;
using Ambient.Grpc.Channel;
using Ambient.Grpc.Messages;
using Ambient.Protos.Xds;
using Ambient.Xds;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Scale;

/// <summary>Many nodes in one process: they acknowledge what they are sent and keep nothing of it but their token.</summary>
internal sealed class ScaleNodes
{
    private static readonly GrpcMethod<DeltaDiscoveryRequest, ReadOnlyMemory<byte>> Method =
        new("envoy.service.discovery.v3.AggregatedDiscoveryService", "DeltaAggregatedResources", new ProtobufFormat<DeltaDiscoveryRequest>(DeltaDiscoveryRequest.Parser), RawFormat.Instance);

    private readonly string[] _tokens;
    private readonly Uri _address;
    private long _bytes, _sent, _responses;
    private int _whole;

    private ScaleNodes(Uri address, int nodes) => (_address, _tokens) = (address, new string[nodes]);

    public static async Task<int> RunAsync(Uri address, ScaleOptions options)
    {
        var nodes = new ScaleNodes(address, options.Nodes);
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
        if (untilTold) Console.ReadLine();
        Console.WriteLine($"{_responses:N0} responses, {_bytes / 1048576.0:N1} MiB received by all");
        await stop.CancelAsync();
        await Task.WhenAll(running);
    }

    private async Task RunNodeAsync(int number, CancellationToken stop)
    {
        using var channel = new GrpcChannel(new() { Address = _address, Roots = ServerRoots.File(ScaleServer.RootFile), MaxReceiveBytes = 200 << 20, ConnectTimeout = TimeSpan.FromSeconds(120) });
        await using var call = channel.OpenDuplex(Method, null, null, stop);
        try
        {
            await WriteAsync(call, FirstRequest(number), stop);
            var whole = false;
            while (true)
            {
                var (nonce, info, bytes) = Read(await call.ReadAsync(stop));
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
