using System.Diagnostics;
using Ambient.Lab;
using Ambient.Lab.Processes;

namespace Ambient.ClusterBenchmark;

/// <summary>New connections, up to eight to a tunnel, while the root is replaced: certificates live a minute, so that it takes minutes.</summary>
/// <remarks>Tunnels are let go a second after their last connection, so that new ones are opened all along.</remarks>
internal static class RotationRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    public static async Task<int> RunAsync(int rate)
    {
        await using var stage = await ClusterStage.SetAsync(
            [new("AMBIENT_TRUST_DISTRIBUTION_TIME", "1m"), new("DEFAULT_WORKLOAD_CERT_TTL", "1m")],
            new("SECRET_TTL", "60s"), new("POOL_MAX_STREAMS_PER_CONNECTION", "8"), new("POOL_UNUSED_RELEASE_TIMEOUT", "1s"));
        var pace = stage.Pace(rate, Patience);
        var watch = Stopwatch.StartNew();
        (await stage.Cluster.KubectlAsync("annotate", "secret", "istio-ca-secret", "-n", "istio-system", "ambient.istio.io/rotate-root=now")).OutputOrThrow();
        var before = stage.Cluster.Roots();
        var phase = 0;
        await Until.TrueAsync(() =>
        {
            var roots = stage.Cluster.Roots();
            var count = roots.Split("BEGIN CERTIFICATE").Length - 1;
            if (phase == 0 && count == 2) Say(++phase, "both roots are trusted");
            if (phase == 1 && count == 1 && roots != before) Say(++phase, "the old root is retired");
            return phase == 2 || !pace.IsRunning;
        }, () => $"the root is replaced. The control plane's log ends with:\n{stage.Cluster.ControlPlane.Process.LogTail()}", Patience);
        await Task.Delay(TimeSpan.FromSeconds(70), TimeProvider.System); // every certificate was renewed once more
        if (!pace.IsRunning) throw new LabException($"The client ended early: {pace.ReadLog()}");
        pace.Signal("TERM");
        await pace.WaitForExitAsync();
        return stage.Report(pace);

        void Say(int _, string what) => Console.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: {what}");
    }
}
