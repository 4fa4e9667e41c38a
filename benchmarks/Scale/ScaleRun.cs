using System.Diagnostics;

namespace Ambient.Scale;

/// <summary>The cluster, the control plane's own program and the nodes as processes of their own, so that each one's memory is its own.</summary>
internal static class ScaleRun
{
    public static async Task<int> RunAsync(ScaleOptions options, string controlPlane)
    {
        using var cluster = Start(Environment.ProcessPath!, ["cluster", .. options.ToArguments()]);
        await ReadAsync(cluster, "cluster filled");
        var clock = Stopwatch.StartNew();
        using var server = StartControlPlane(controlPlane);
        var port = (await ReadAsync(server, "Listening: ", quiet: true)).Split("Listening: ")[1].Split(' ')[0];
        await ReadAsync(server, "Ready: ");
        Console.WriteLine($"ready after {clock.Elapsed.TotalSeconds:0.0} s");
        var rebuilt = new TaskCompletionSource();
        _ = DrainAsync(server, $"Published {options.Workloads} workloads", rebuilt);
        await ReportAsync(server, options, "without nodes");

        using var nodes = Start(Environment.ProcessPath!, ["nodes", $"https://localhost:{port}", .. options.ToArguments()]);
        await ReadAsync(nodes, "connection with the state held");
        await ReportAsync(server, options, "nodes connected");
        for (var round = 1; round <= options.Rounds; round++)
        {
            await AskAsync(cluster, "change", "change done");
            await ReportAsync(server, options, $"after changes, round {round}");
        }
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System); // the last changes are everywhere
        await AskAsync(nodes, "ages", "ages");
        await AskAsync(nodes, "again", "connection again");
        await ReportAsync(server, options, "connected again");
        var before = server.TotalProcessorTime;
        await AskAsync(cluster, "strict", "strict done");
        await rebuilt.Task;
        server.Refresh();
        Console.WriteLine($"mesh-wide STRICT: {(server.TotalProcessorTime - before).TotalSeconds:0.0} s CPU of the control plane until it is published");
        await Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System);
        await ReportAsync(server, options, "20 s after STRICT, which every node is being sent");
        foreach (var process in (Process[])[nodes, cluster]) process.StandardInput.Close();
        await nodes.WaitForExitAsync();
        server.Kill();
        cluster.Kill();
        return 0;
    }

    private static Process StartControlPlane(string program) => Start(program, ["discovery"], new()
    {
        ["KUBECONFIG"] = ScaleFiles.Kubeconfig, ["POD_NAME"] = "control-plane-0", ["AMBIENT_SECURE_GRPC_PORT"] = "0", ["AMBIENT_PLAINTEXT_GRPC"] = "false",
        ["AMBIENT_MONITORING_PORT"] = "0", ["AMBIENT_HEALTH_PORT"] = "0", ["AMBIENT_ADMIN_PORT"] = "0",
        ["LOG_LEVEL"] = "info,control_plane::publishing=debug",
    });

    private static Process Start(string program, IEnumerable<string> arguments, Dictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, [.. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var (name, value) in environment ?? []) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static async Task ReportAsync(Process server, ScaleOptions options, string when)
    {
        server.Refresh();
        var memory = $"RSS {server.WorkingSet64 >> 20} MiB, peak {server.PeakWorkingSet64 >> 20} MiB";
        var heap = options.Heap ? $", heap after a full collection {await ScaleHeap.CollectAsync(server.Id) >> 20} MiB" : "";
        Console.WriteLine($"control plane, {when}: {memory}, CPU {server.TotalProcessorTime.TotalSeconds:0.0} s{heap}");
    }

    private static async Task AskAsync(Process process, string command, string until)
    {
        await process.StandardInput.WriteLineAsync(command);
        await ReadAsync(process, until);
    }

    private static async Task<string> ReadAsync(Process process, string until, bool quiet = false)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!quiet) Console.WriteLine(line);
            if (line.Contains(until, StringComparison.Ordinal)) return line;
        }
        throw new InvalidOperationException($"The process ended before it said '{until}'.");
    }

    // Its log goes on; the rebuilds of all are worth a line.
    private static async Task DrainAsync(Process process, string until, TaskCompletionSource seen)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains(until, StringComparison.Ordinal)) seen.TrySetResult();
            else if (line.Contains("Published", StringComparison.Ordinal)) continue;
            Console.WriteLine(line);
        }
    }
}
