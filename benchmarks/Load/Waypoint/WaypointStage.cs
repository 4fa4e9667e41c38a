using Ambient.Lab;
using Ambient.Lab.Processes;
using Ambient.Load.Results;

namespace Ambient.Load.Waypoint;

/// <summary>The server and the proxies in front of it: proxies on core 0, the server and what asks on core 1.</summary>
internal sealed class WaypointStage : IAsyncDisposable
{
    public const string ProxyCore = "0", LoadCore = "1";

    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("waypoint-load");
    private readonly List<Daemon> _daemons = [];

    private WaypointStage()
    {
    }

    public IReadOnlyList<Contender> Contenders { get; private set; } = [];

    public Daemon Server { get; private set; } = null!;

    /// <summary>Starts all; those that are not measured do nothing.</summary>
    public static async Task<WaypointStage> SetAsync(WaypointBenchmarkOptions options)
    {
        var stage = new WaypointStage();
        foreach (var file in Directory.EnumerateFiles(options.PeerConfigurations, "waypoint-*")) File.Copy(file, stage.PathOf(Path.GetFileName(file)));
        stage.Server = stage.Start("server", LoadCore, "nginx", "-p", stage._files.FullName + "/", "-c", stage.PathOf("waypoint-backend.conf"));
        var nginx = stage.Start("nginx", ProxyCore, "nginx", "-p", stage._files.FullName + "/", "-c", stage.PathOf("waypoint-nginx.conf"));
        var haproxy = stage.Start("haproxy", ProxyCore, "haproxy", "-db", "-f", stage.PathOf("waypoint-haproxy.cfg"));
        var ours = stage.Start("ours", ProxyCore, Environment.ProcessPath!, "proxy", "127.0.0.1:19001", "127.0.0.1:19100");
        var oursHttp2 = stage.Start("ours-http2", ProxyCore, Environment.ProcessPath!, "proxy", "127.0.0.1:19002", "127.0.0.1:19101", "h2");
        var oursRuled = stage.Start("ours-ruled", ProxyCore, Environment.ProcessPath!, "proxy", "127.0.0.1:19003", "127.0.0.1:19100", "ruled");
        Contender[] all =
        [
            new("haproxy", "127.0.0.1:19011", "127.0.0.1:19011", "127.0.0.1:19012", null, haproxy),
            new("nginx", "127.0.0.1:19021", "127.0.0.1:19022", null, null, nginx),
            new(Contender.Ours, "127.0.0.1:19001", "127.0.0.1:19001", "127.0.0.1:19002", "127.0.0.1:19003", ours, oursHttp2, oursRuled),
        ];
        stage.Contenders = [.. all.Where(one => options.Includes(one.Name))];
        return await stage.ReadyAsync();
    }

    /// <summary>Seconds of CPU that were ours so far: of the proxy, the server, what asks, and this process.</summary>
    public double CpuWith(Contender contender) =>
        CpuClock.Of(contender.Processes) + CpuClock.Of(Server.Id) + CpuClock.Of(Environment.ProcessId) + CpuClock.OfEndedChildren();

    public string PathOf(string file) => Path.Combine(_files.FullName, file);

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons) await daemon.DisposeAsync();
        _files.Delete(recursive: true);
    }

    private Daemon Start(string name, string core, params string[] command)
    {
        _daemons.Add(Daemon.Start(name, null, PathOf($"{name}.log"), [], "taskset", ["-c", core, .. command]));
        return _daemons[^1];
    }

    private async Task<WaypointStage> ReadyAsync()
    {
        try
        {
            foreach (var contender in Contenders)
            {
                await AnswersAsync(contender.Name, "--http1.1", contender.Http1);
                await AnswersAsync(contender.Name, "--http2-prior-knowledge", contender.Http2);
                if (contender.Ruled is { } ruled) await AnswersAsync(contender.Name, "--http1.1", ruled);
                if (contender.Http2Only is { } address) await AnswersAsync(contender.Name, "--http2-prior-knowledge", address);
            }

            // What answered may be another run's: ours cannot have the addresses then, and has ended.
            if (_daemons.Find(static daemon => !daemon.IsRunning) is { } ended) throw new LabException($"{ended.Name} has ended. Does another run use its addresses?\n{ended.LogTail(5)}");
            return this;
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    private static Task AnswersAsync(string name, string version, string address) => Until.TrueAsync(
        async () => (await Command.RunAsync("curl", "-sf", version, $"http://{address}/")).Output.StartsWith("0123", StringComparison.Ordinal), $"{name} answers at {address}");
}
