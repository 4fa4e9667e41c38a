using System.Diagnostics;
using Ambient.Grpc.Channel;
using Ambient.Model.State;
using Ambient.Xds.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Scale;

/// <summary>One real client, as the node proxy has it: what does it cost to hold the mesh?</summary>
internal sealed class ScaleClient : IDiscoveryJournal
{
    public static async Task<int> RunAsync(Uri address)
    {
        var before = Rss();
        using var channel = new GrpcChannel(new() { Address = address, Roots = ServerRoots.File(ScaleFiles.Roots), AlternativeHostName = "istiod.istio-system.svc", MaxReceiveBytes = 200 << 20 });
        var state = new MeshState("node-1");
        using var stop = new CancellationTokenSource();
        var client = new DiscoveryClient(channel, new() { Node = new() { Id = "ztunnel~10.0.0.1~ztunnel-1.istio-system~istio-system.svc.cluster.local" }, Headers = ScaleNodes.Credentials },
            state, new ScaleClient(), TimeProvider.System, new Random(1), NullLogger<DiscoveryClient>.Instance);
        var clock = Stopwatch.StartNew();
        var running = client.RunAsync(stop.Token);
        await client.Ready;
        Console.WriteLine($"ready after {clock.Elapsed.TotalSeconds:0.0} s: {state.Current.WorkloadCount} workloads, {state.Current.ServiceCount} services");
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, true, true);
        Console.WriteLine($"RSS {before >> 20} -> {Rss() >> 20} MiB, heap {GC.GetTotalMemory(true) >> 20} MiB: {GC.GetTotalMemory(true) / Math.Max(1, state.Current.WorkloadCount)} bytes a workload");
        await stop.CancelAsync();
        await running;
        return 0;
    }

    private static long Rss()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    public void Connected() { }

    public void Ended(StreamEnd how) => Console.WriteLine($"ended {how}");

    public void Received(string typeUrl, long payloadBytes) { }

    public void Rejected(string typeUrl, int newly, int inForce) => Console.WriteLine($"rejected {newly}");
}
