using Ambient.Footprint.Deployments;
using Ambient.Footprint.Load;
using BenchmarkDotNet.Attributes;

namespace Ambient.Footprint;

/// <summary>The memory and CPU that a mesh takes on a node with so many pods: at rest, and at 1,000 requests a second over all of them.</summary>
/// <remarks>The time that BenchmarkDotNet takes is of no interest and not shown: its columns are filled from <see cref="Measurements"/>.</remarks>
public class FootprintBenchmark
{
    // Proxies give memory of their start back a few seconds later; the same wait for everybody.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(12);

    private IDeployment _deployment = null!;
    private EchoApplications _applications = null!;

    [ParamsSource(nameof(Kinds))]
    public object Mesh { get; set; } = MeshKind.None;

    [ParamsSource(nameof(PodCounts))]
    public int Pods { get; set; }

    public static IEnumerable<object> Kinds => Enum.GetValues<MeshKind>().Cast<object>();

    public static IEnumerable<int> PodCounts => FootprintOptions.Current.Pods;

    [IterationSetup]
    public void Start()
    {
        _deployment = ((MeshKind)Mesh).StartAsync(Pods).GetAwaiter().GetResult();
        _applications = new(_deployment.Pods);
    }

    [IterationCleanup]
    public void Stop()
    {
        _applications.Dispose();
        _deployment.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    [Benchmark]
    public async Task Weigh()
    {
        var (window, scales) = (FootprintOptions.Current.Window, new Scales(_deployment));
        await Task.Delay(Settling, TimeProvider.System);
        var (idle, _) = await scales.WeighAsync(async () =>
        {
            await Task.Delay(window, TimeProvider.System);
            return true;
        });
        await using var requests = await PacedRequests.ConnectAsync(_deployment);
        var (loaded, outcome) = await scales.WeighAsync(() => requests.RunAsync(FootprintOptions.Rate, window));
        Measurements.Add(new((MeshKind)Mesh, Pods, _deployment.Processes.Count, idle, loaded, outcome));
    }
}
