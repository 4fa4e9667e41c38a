using Ambient.TestKit;

namespace Ambient.CniAgent.Tests.Cluster;

/// <summary>An agent is ready when pods would be captured from their start.</summary>
public sealed class ReadinessTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ready").FullName;
    private readonly ReservedPort _pages = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private NodeScene _scene = null!;

    private string Configuration => Path.Combine(_directory, "10-net.conflist");

    // As it comes with the agent.
    private static string Plugin => Path.Combine(AppContext.BaseDirectory, "ambient-cni");

    public async ValueTask InitializeAsync()
    {
        _scene = await NodeScene.StartAsync();
        foreach (var (name, value) in new[] { ("CNI_INSTALL", "true"), ("MOUNTED_CNI_NET_DIR", _directory), ("MOUNTED_CNI_BIN_DIR", Path.Combine(_directory, "bin")), ("MONITORING_ADDRESS", $"127.0.0.1:{_pages.Number}") })
            _scene.Settings[name] = value;
        Directory.CreateDirectory(Path.Combine(_directory, "bin"));
        await File.WriteAllTextAsync(Plugin, "#!plugin", TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _scene.DisposeAsync();
        _http.Dispose();
        _pages.Dispose();
        File.Delete(Plugin);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task It_is_not_ready_while_there_is_nothing_to_chain_the_plugin_to_and_heals_when_there_is()
    {
        _scene.StartAgent();
        await SaysAsync("not ready, pending: CNI plugin");

        await WriteAsync("{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"plugins\":[{\"type\":\"bridge\"}]}");
        await SaysAsync("ready");

        File.Delete(Configuration);
        await SaysAsync("not ready, pending: CNI plugin");
        await WriteAsync("{");
        await SaysAsync("not ready, pending: CNI plugin");
    }

    private Task WriteAsync(string text) => File.WriteAllTextAsync(Configuration, text, TestContext.Current.CancellationToken);

    private Task SaysAsync(string text) => NodeScene.UntilAsync(async () =>
    {
        try
        {
            using var page = await _http.GetAsync($"http://127.0.0.1:{_pages.Number}/healthz/ready");
            return await page.Content.ReadAsStringAsync() == $"{text}\n";
        }
        catch (HttpRequestException) { return false; } // it starts
    });
}
