using System.Net;
using Ambient.HttpProxy.Upstreams;
using Ambient.Lab.Processes;
using Ambient.Load.Results;
using Ambient.Load.Waypoint;

namespace Ambient.Corpus;

/// <summary>The proxies, each in front of a recording server.</summary>
internal sealed class CorpusStage : IAsyncDisposable
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("corpus");
    private readonly List<Daemon> _daemons = [];
    private readonly List<Contender> _contenders = [];
    private readonly List<string> _absent = [];

    private CorpusStage()
    {
    }

    public IReadOnlyList<Contender> Contenders => _contenders;

    /// <summary>Proxies that are not installed.</summary>
    public IReadOnlyList<string> Absent => _absent;

    /// <param name="configurations">Where the peers' configurations are.</param>
    public static async Task<CorpusStage> SetAsync(string configurations)
    {
        var stage = new CorpusStage();
        stage._files.UnixFileMode |= UnixFileMode.OtherRead | UnixFileMode.OtherExecute; // peers that give up root read their configuration later
        foreach (var file in Directory.EnumerateFiles(configurations)) File.Copy(file, stage.PathOf(Path.GetFileName(file)));
        stage.Add("ambient", "", 19300, http2: 19301);
        _ = new PlainProxy(At(19301), At(19300), UpstreamProtocol.Http1).RunAsync();
        await stage.AddPeerAsync("nginx", 19310, http2: 19312, "nginx -v", "-p", stage._files.FullName + "/", "-c", stage.PathOf("nginx.conf"));
        await stage.AddPeerAsync("HAProxy", 19320, http2: 19321, "haproxy -v", "-db", "-f", stage.PathOf("haproxy.cfg"));
        await stage.AddPeerAsync("h2o", 19330, http2: 19331, "h2o --version", "-m", "worker", "-c", stage.PathOf("h2o.conf"));
        await stage.AddPeerAsync(
            "Varnish", 19340, http2: 19341, "varnishd -V", "-F", "-n", stage.PathOf("varnish"), "-a", "127.0.0.1:19341", "-f", stage.PathOf("varnish.vcl"), "-p", "feature=+http2");
        await stage.AddPeerAsync("Apache", 19350, http2: 19351, "apache2 -v", "-X", "-f", stage.PathOf("apache2.conf"));
        return await stage.ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons) await daemon.DisposeAsync();
        foreach (var contender in _contenders) contender.Server.Dispose();
        _files.Delete(recursive: true);
    }

    private static IPEndPoint At(int port) => new(IPAddress.Loopback, port);

    private string PathOf(string file) => Path.Combine(_files.FullName, file);

    /// <param name="version">The program and what makes it print its version.</param>
    private async Task AddPeerAsync(string name, int server, int http2, string version, params string[] arguments)
    {
        var program = version.Split(' ')[0];
        var said = await Command.RunAsync("sh", "-c", $"command -v {program} >/dev/null && {version} 2>&1 | head -n 1");
        if (said.Output.Length == 0)
        {
            _absent.Add(name);
            return;
        }

        Add(name, said.Output.Split(" - ")[0].Trim(), server, http2);
        _daemons.Add(Daemon.Start(name, null, PathOf($"{name}.log"), [new("RUN", _files.FullName)], program, arguments));
    }

    /// <param name="server">Port of the server; the proxy's for HTTP/1.1 is the next.</param>
    /// <param name="http2">The proxy's port for HTTP/2, the same unless it needs another.</param>
    private void Add(string name, string version, int server, int http2) => _contenders.Add(new(name, version, At(server + 1), At(http2), new(At(server))));

    private async Task<CorpusStage> ReadyAsync()
    {
        try
        {
            foreach (var one in Contenders)
            {
                await AnswersAsync(one.Name, "--http1.1", one.Http1);
                await AnswersAsync(one.Name, "--http2-prior-knowledge", one.Http2);
            }

            return this;
        }
        catch
        {
            foreach (var daemon in _daemons) Progress.Say($"{daemon.Name}: {daemon.ReadLog()}");
            await DisposeAsync();
            throw;
        }
    }

    private static Task AnswersAsync(string name, string version, IPEndPoint at) => Until.TrueAsync(
        async () => (await Command.RunAsync("curl", "-sf", version, $"http://{at}/")).Output == "ok", $"{name} answers at {at} with {version}");
}
