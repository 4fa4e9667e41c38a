using System.Collections.Concurrent;
using System.Diagnostics;
using Ambient.Certificates;
using Ambient.Certificates.Service;
using Ambient.Grpc;
using Ambient.Grpc.Channel;
using Ambient.Model.Identities;
using Ambient.Protos.Ca;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Storm;

/// <summary>All nodes start at once, each with eight requests under way; beside that, a new pod somewhere needs a certificate for a waiting connection.</summary>
internal static class StormRun
{
    private const int AtOncePerNode = 8, UrgentPerSecond = 25, PreparedRequests = 500, Beginning = 5;

    /// <summary>Nodes that run already, numbered after those of the storm.</summary>
    public const int UrgentNodes = 250;

    public static async Task<int> RunAsync(StormOptions options)
    {
        // The authority has CPU 0 for itself as far as we go; who asks shares the others.
        using var self = Process.GetCurrentProcess();
        if (Environment.ProcessorCount > 1) self.ProcessorAffinity = (nint)((1L << Environment.ProcessorCount) - 2);
        using var server = Start(options, "taskset", "-c", "0", Environment.ProcessPath!, "serve");
        var port = int.Parse((await server.StandardOutput.ReadLineAsync())!);
        var roots = await ReadRootsAsync(server.StandardOutput);
        var nodes = Nodes(port, roots, 0, options.Nodes);
        if (options.Warm)
            foreach (var _ in Enumerable.Range(0, 2000)) await nodes[0].FetchAsync(0, null);

        // A process of its own: a new pod's proxy has other things to do than the storm.
        using var urgent = Start(options, Environment.ProcessPath!, "urgent");
        await urgent.StandardInput.WriteLineAsync($"{server.Id}\n{port}\n{roots}ready");
        await urgent.StandardOutput.ReadLineAsync();
        await urgent.StandardInput.WriteLineAsync("go");
        var cpuBefore = server.TotalProcessorTime;
        var began = Stopwatch.GetTimestamp();
        var latencies = new ConcurrentBag<double>();
        await Task.WhenAll(nodes.Select(node => node.StartAllAsync(options.Identities, latencies)));
        var elapsed = Stopwatch.GetElapsedTime(began);
        server.Refresh();
        urgent.StandardInput.Close();

        Console.WriteLine($"{latencies.Count} certificates in {elapsed.TotalSeconds:0.0} s, {latencies.Count / elapsed.TotalSeconds:0} a second; " +
            $"failed attempts {nodes.Sum(node => node.Failures)}");
        Console.WriteLine($"authority: {(server.TotalProcessorTime - cpuBefore).TotalSeconds:0.0} s CPU, RSS {server.WorkingSet64 >> 20} MiB, peak {server.PeakWorkingSet64 >> 20} MiB");
        Print("storm", [.. latencies]);
        Console.Write(await urgent.StandardOutput.ReadToEndAsync());
        server.StandardInput.Close();
        await server.WaitForExitAsync();
        return 0;
    }

    /// <summary>The process that asks on demand: an open loop, requests come at their time however long the ones before them take.</summary>
    public static async Task<int> RunUrgentAsync(StormOptions options)
    {
        using var input = new StreamReader(Console.OpenStandardInput()); // Console.In would block
        using var server = Process.GetProcessById(int.Parse((await input.ReadLineAsync())!));
        var port = int.Parse((await input.ReadLineAsync())!);
        // Nodes that ran before and are no part of the storm.
        var nodes = Nodes(port, await ReadRootsAsync(input), options.Nodes, UrgentNodes);
        var priority = options.Unmarked ? null : AuthorityContract.OnDemand;
        foreach (var node in nodes) await node.FetchAsync(options.Identities, priority); // connected, as proxies that run are
        Console.WriteLine("connected");
        await input.ReadLineAsync();
        var over = Task.Run(input.ReadToEnd);
        var running = new List<Task<(double Wall, double Cpu)>>();
        using var clock = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / UrgentPerSecond));
        for (var i = 0; !over.IsCompleted; i++)
        {
            await clock.WaitForNextTickAsync();
            running.Add(TimeAsync(server.Id, nodes[i % nodes.Length], options, priority));
        }
        var waits = await Task.WhenAll(running);
        var name = options.Unmarked ? "on demand, not marked" : "on demand";
        Report($"{name}, by the clock", [.. waits.Select(wait => wait.Wall)]);
        Report($"{name}, in CPU time of the authority", [.. waits.Select(wait => wait.Cpu)]);
        return 0;
    }

    // What the authority computed between question and answer is how long the wait is on a core that it has for itself;
    // the clock also counts what other programs of this machine take.
    private static async Task<(double Wall, double Cpu)> TimeAsync(int authority, StormNode node, StormOptions options, string? priority)
    {
        var before = CpuOf(authority);
        var wall = await node.FetchAsync(options.Identities, priority);
        return (wall, CpuOf(authority) - before);
    }

    private static double CpuOf(int process)
    {
        using var one = Process.GetProcessById(process);
        return one.TotalProcessorTime.TotalMilliseconds; // steps of 10 ms
    }

    private static void Report(string name, List<double> waits)
    {
        Print(name, [.. waits]);
        Print($"  of the first {Beginning} s", [.. waits.Take(Beginning * UrgentPerSecond)]);
        Print("  later", [.. waits.Skip(Beginning * UrgentPerSecond)]);
    }

    // Keys and signatures of the nodes are their business: made before, used by all. The authority cannot tell.
    private static StormNode[] Nodes(int port, string roots, int first, int count)
    {
        var requests = Enumerable.Range(0, PreparedRequests).Select(_ =>
        {
            using var key = new WorkloadKey();
            return key.RequestFor(new("cluster.local", "a", "b"));
        }).ToArray();
        return [.. Enumerable.Range(0, count).Select(i => new StormNode(first + i, port, roots, requests))];
    }

    private static Process Start(StormOptions options, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, [.. arguments, "--nodes", options.Nodes.ToString(),
            "--identities", options.Identities.ToString(), .. options.Unmarked ? ["--unmarked"] : (string[])[]])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }

    private static async Task<string> ReadRootsAsync(TextReader output)
    {
        var roots = "";
        while (await output.ReadLineAsync() is { } line && line != "ready") roots += line + "\n";
        return roots;
    }

    private static void Print(string name, List<double> milliseconds)
    {
        if (milliseconds.Count == 0) return;
        milliseconds.Sort();
        double At(double part) => milliseconds[(int)Math.Min(milliseconds.Count - 1, milliseconds.Count * part)];
        Console.WriteLine($"{name}: n {milliseconds.Count}, p50 {At(0.5):0.0} ms, p90 {At(0.9):0.0} ms, p99 {At(0.99):0.0} ms, most {milliseconds[^1]:0.0} ms");
    }

    private sealed class StormNode(int number, int port, string roots, string[] requests)
    {
        private readonly GrpcChannel _channel = new(new()
        {
            Address = new($"https://localhost:{port}"), Roots = ServerRoots.Pem(roots), AlternativeHostName = "istiod.istio-system.svc",
            ConnectTimeout = TimeSpan.FromSeconds(60),
        });

        public int Failures;

        public async Task StartAllAsync(int identities, ConcurrentBag<double> latencies)
        {
            var next = -1;
            await Task.WhenAll(Enumerable.Range(0, AtOncePerNode).Select(async _ =>
            {
                while (Interlocked.Increment(ref next) is var identity && identity < identities)
                    latencies.Add(await FetchAsync(identity, AuthorityContract.Warmup));
            }));
        }

        /// <summary>Asks until there is an answer; milliseconds from the first attempt on.</summary>
        public async Task<double> FetchAsync(int identity, string? priority)
        {
            var began = Stopwatch.GetTimestamp();
            var request = new IstioCertificateRequest
            {
                Csr = requests[(number * 31 + identity) % requests.Length], ValidityDuration = 86400,
                Metadata = new() { Fields = { [AuthorityContract.ImpersonatedIdentity] = Value.ForString(new SpiffeId("cluster.local", "shop", $"sa-{number}-{identity}").ToString()) } },
            };
            var metadata = new GrpcMetadata { { "authorization", $"Bearer zt-{number}" } };
            if (priority is not null) metadata.Add(AuthorityContract.PriorityHeader, priority);
            while (true)
            {
                try
                {
                    await _channel.UnaryAsync(AuthorityContract.CreateCertificate, request, metadata, null, default);
                    return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                }
                catch (RpcException)
                {
                    Interlocked.Increment(ref Failures);
                    await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
                }
            }
        }
    }
}
