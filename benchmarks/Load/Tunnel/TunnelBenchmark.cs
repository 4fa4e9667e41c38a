using Ambient.Load.Generator;
using Ambient.Playground.Lab;
using Ambient.Playground.Processes;

namespace Ambient.Load.Tunnel;

/// <summary>Sets the stage for a <see cref="TunnelRun"/>: lab, application, every chain; then prints and writes the results.</summary>
internal sealed class TunnelBenchmark(TunnelBenchmarkOptions options)
{
    private readonly Samples _samples = new();
    private readonly QuietMachine _machine = new(options.Patience);

    /// <returns>0; 1 if some run failed.</returns>
    public async Task<int> RunAsync()
    {
        await using var lab = await NetworkLab.CreateAsync("n1", "n2");
        var client = await PodAsync(lab.Nodes[0], "client");
        var server = await PodAsync(lab.Nodes[1], "server");
        var application = new List<Daemon> { Serve(server) };
        var chains = await StartPeersAsync(lab, client, server);

        foreach (var chain in chains) await AnswersAsync(chain);
        var run = new TunnelRun(chains, [.. application.Select(daemon => daemon.Id)], _machine, _samples);
        var idle = new IdleRun(chains, _samples);
        idle.MeasureFresh();
        await run.RunAsync(options.Rounds);
        if (options.Idle) await idle.MeasureHeldAsync();
        return await ReportAsync(chains, [.. run.Failures, .. idle.Failures]);
    }

    private async Task<List<Chain>> StartPeersAsync(NetworkLab lab, LabPod client, LabPod server)
    {
        var directory = lab.PathOf("peers");
        Directory.CreateDirectory(directory);
        foreach (var file in Directory.EnumerateFiles(options.PeerConfigurations)) File.Copy(file, Path.Combine(directory, Path.GetFileName(file)));
        PeerCertificates.Write(directory);

        var peers = new PeerChains(directory, client, server);
        var chains = new List<Chain>();
        if (options.Includes("tcp")) chains.Add(peers.Direct);
        if (options.Includes("haproxy")) chains.Add(peers.HaProxy());
        if (options.Includes("nginx")) chains.Add(peers.Nginx());
        if (options.Includes("nghttpx")) chains.Add(peers.Nghttpx());
        await Task.CompletedTask;
        return chains;
    }

    // Many short connections must not run out of ports or of connection tracking; the same for everybody.
    private static async Task<LabPod> PodAsync(LabNode node, string name)
    {
        var pod = await node.AddPodAsync(name, name, "load");
        (await pod.RunAsync("sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65000", "net.ipv4.tcp_max_tw_buckets=4096",
            "net.core.somaxconn=4096", "net.ipv4.tcp_max_syn_backlog=8192")).OutputOrThrow();
        return pod;
    }

    private static Daemon Serve(LabPod pod) => pod.Start("application", Environment.ProcessPath!, "serve", "0.0.0.0:7000");

    private static Task AnswersAsync(Chain chain) => Until.TrueAsync(async () =>
    {
        var result = await chain.Client.RunAsync(Environment.ProcessPath!, "pingpong", chain.Target, "0.05");
        return result.Succeeded && Report.Parse(result.Output)["requests"] > 0;
    }, $"{chain.Name} carries a connection");

    private async Task<int> ReportAsync(List<Chain> chains, List<string> failures)
    {
        var figures = new Figures(_samples, [.. chains.Where(chain => !chain.IsCold).Select(chain => chain.Name)]);
        if (options.ResultsFile is { } path) await ResultsFile.WriteAsync(path, figures, _samples, _machine, options.Rounds, failures);
        Console.WriteLine(figures.Table());
        Console.WriteLine($"foreign CPU: {_machine.NoisyRuns} of {_machine.Runs} runs were disturbed, {_machine.WorstForeign:0.00} cores at worst");
        foreach (var failure in failures) Console.WriteLine($"failed: {failure}");
        foreach (var (name, ratio) in figures.Ratios()) Console.WriteLine($"ratio {name} {ratio:0.000}");
        return failures.Count == 0 ? 0 : 1;
    }
}
