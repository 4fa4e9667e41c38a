using System.Diagnostics;
using System.Text.Json.Nodes;
using Ambient.Playground.Api;

namespace Ambient.Playground.Tests.Kubectl;

/// <summary>An API server with two simulated nodes, and the machine's own kubectl pointed at it. One for a class of tests.</summary>
public sealed class KubectlLab : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _home = Directory.CreateTempSubdirectory("kubectl-").FullName;
    private int _last;

    public PlaygroundApi Api { get; private set; } = null!;

    public TestLogs Logs { get; } = new();

    public async ValueTask InitializeAsync()
    {
        Api = await PlaygroundApi.StartAsync(new() { SimulatedNodes = 2, Logs = Logs });
        await Api.WriteKubeconfigAsync(PathOf("config"));
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        Directory.Delete(_home, recursive: true);
    }

    public string PathOf(string file) => Path.Combine(_home, file);

    /// <summary>A new namespace, so that tests of one class do not meet.</summary>
    public string NewNamespace()
    {
        var name = $"test-{Interlocked.Increment(ref _last)}";
        Api.Store.Create(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } });
        return name;
    }

    /// <summary>What kubectl prints; the test fails if it does.</summary>
    public Task<string> RunAsync(string arguments) => RunAsync(arguments, input: null);

    public async Task<string> RunAsync(string arguments, string? input)
    {
        var result = await TryAsync(arguments, input);
        Assert.True(result.ExitCode == 0, $"kubectl {arguments} ended with {result.ExitCode}:\n{result.Errors}\n{result.Output}");
        return result.Output;
    }

    public async Task<KubectlResult> TryAsync(string arguments, string? input = null, string editor = "false")
    {
        var start = new ProcessStartInfo("kubectl", ["--kubeconfig", PathOf("config"), "--cache-dir", PathOf("cache"), .. Words(arguments)])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _home,
        };
        start.Environment["HOME"] = _home;
        start.Environment["KUBE_EDITOR"] = editor;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        // The mark says YAML: kubectl takes what begins with a brace for JSON.
        if (input is not null) await process.StandardInput.WriteAsync($"---\n{input}");
        process.StandardInput.Close();
        using var expiry = new CancellationTokenSource(Limit);
        try { await process.WaitForExitAsync(expiry.Token); }
        catch (OperationCanceledException) { process.Kill(entireProcessTree: true); }
        return new(process.ExitCode, await output, await errors);
    }

    /// <summary>The minor version of kubectl: old ones lack some commands.</summary>
    public async Task<int> MinorVersionAsync()
    {
        var version = JsonNode.Parse(await RunAsync("version --client -o json"))!["clientVersion"]!;
        return int.Parse(version["minor"]!.GetValue<string>().TrimEnd('+'));
    }

    // Words are divided by spaces; single quotes keep them together.
    private static IEnumerable<string> Words(string line) => line.Split('\'')
        .SelectMany((part, i) => i % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

public sealed record KubectlResult(int ExitCode, string Output, string Errors);

/// <summary>Output of pods, as somebody who runs them would keep it.</summary>
public sealed class TestLogs : IPodLogs
{
    public async Task WriteAsync(PodLogRequest request, Stream output, CancellationToken stop)
    {
        string[] lines = [$"hello from {request.Pod}/{request.Container}", "second line", "third line"];
        foreach (var line in lines.TakeLast(request.TailLines ?? lines.Length))
            await output.WriteAsync(System.Text.Encoding.UTF8.GetBytes(line + "\n"), stop);
    }
}
