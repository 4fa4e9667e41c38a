using System.Text.RegularExpressions;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;
using Ambient.Playground.Api;
using Ambient.TestKit.Peers;

namespace Ambient.ControlPlane.Tests.Wiring;

/// <summary>The program itself, as a process of its own.</summary>
public sealed partial class ProgramTests
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "Ambient.ControlPlane.dll");

    [Fact(Timeout = 60_000)]
    public async Task It_starts_becomes_ready_and_gives_its_lease_back_when_it_is_told_to_stop()
    {
        var kubeconfig = Path.GetTempFileName();
        await using var cluster = await PlaygroundApi.StartAsync(new() { Controllers = false });
        using var api = await OpenAsync(cluster, kubeconfig);
        var stop = TestContext.Current.CancellationToken;
        using var process = Start(kubeconfig);

        await process.WaitForOutputAsync("Ready: ");
        await process.WaitForOutputAsync("cp-1 leads by lease istio-system/ambient-leader");
        using var http = new HttpClient();
        var ready = await http.GetStringAsync($"http://127.0.0.1:{HealthPort().Match(process.Output).Groups[1].Value}/ready", stop);
        await PeerProcess.RunAsync("kill", "-TERM", $"{process.Id}");

        Assert.Equal("ready\n", ready);
        Assert.Equal(0, await process.WaitForExitAsync());
        Assert.Equal("", (await api.GetAsync(ResourceTypes.Lease, new("istio-system", "ambient-leader"), stop)).Spec!.HolderIdentity);
        File.Delete(kubeconfig);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_part_that_fails_ends_it_with_an_error_that_names_the_part()
    {
        var kubeconfig = Path.GetTempFileName();
        await using var cluster = await PlaygroundApi.StartAsync(new() { Controllers = false });
        using var api = await OpenAsync(cluster, kubeconfig);
        using var process = Start(kubeconfig, $"DOTNET_STARTUP_HOOKS={typeof(ProgramTests).Assembly.Location}");

        Assert.Equal(1, await process.WaitForExitAsync());
        Assert.Contains("control-plane cannot run: leader election failed: a defect", process.Output, StringComparison.Ordinal);
        Assert.Contains("leader election failed, so this process ends", process.Output, StringComparison.Ordinal);
        File.Delete(kubeconfig);
    }

    private static async Task<ApiClient> OpenAsync(PlaygroundApi cluster, string kubeconfig)
    {
        await cluster.WriteKubeconfigAsync(kubeconfig);
        var api = new ApiClient(ApiConfiguration.FromKubeconfig(kubeconfig, TimeProvider.System), TimeProvider.System);
        await api.CreateAsync(ResourceTypes.Namespace, new() { Metadata = new() { Name = "istio-system" } }, TestContext.Current.CancellationToken);
        return api;
    }

    private static PeerProcess Start(string kubeconfig, params string[] environment) => PeerProcess.Start("env",
    [
        $"KUBECONFIG={kubeconfig}", "POD_NAME=cp-1", "AMBIENT_SECURE_GRPC_PORT=0", "AMBIENT_PLAINTEXT_GRPC_PORT=0", "AMBIENT_MONITORING_PORT=0",
        "AMBIENT_HEALTH_PORT=0", "AMBIENT_ADMIN_PORT=0", .. environment, "dotnet", Program, "discovery",
    ]);

    [Fact(Timeout = 60_000)]
    public async Task With_wrong_settings_it_says_all_that_is_wrong_and_ends()
    {
        using var process = PeerProcess.Start("env", "CLUSTER_ID=a/b", "LOG_LEVEL=loud", "KUBECONFIG=/nowhere", "dotnet", Program);

        Assert.Equal(1, await process.WaitForExitAsync());
        Assert.Contains("CLUSTER_ID", process.Output, StringComparison.Ordinal);
        Assert.Contains("LOG_LEVEL", process.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@", (\d+) readiness")]
    private static partial Regex HealthPort();
}
