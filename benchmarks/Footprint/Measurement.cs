using Ambient.Footprint.Deployments;
using Ambient.Footprint.Load;
using Ambient.Load.Results;

namespace Ambient.Footprint;

/// <summary>What the proxies of a node weigh: memory in MiB, CPU in thousandths of a core.</summary>
/// <param name="Proportional">PSS: pages that several share are counted in parts, so this is what the node's memory loses.</param>
/// <param name="Resident">RSS: every process with all its pages.</param>
internal readonly record struct Weight(double Proportional, double Resident, double Cpu);

/// <summary>One repetition.</summary>
internal sealed record Measurement(MeshKind Kind, int Pods, int Processes, Weight Idle, Weight Loaded, LoadOutcome Load);

/// <summary>All that this run has measured.</summary>
internal static class Measurements
{
    private static readonly List<Measurement> Taken = [];

    public static IReadOnlyList<Measurement> All => Taken;

    public static void Add(Measurement measurement) => Taken.Add(measurement);

    public static IReadOnlyList<Measurement> Of(MeshKind kind, int pods) => [.. Taken.Where(one => one.Kind == kind && one.Pods == pods)];
}

/// <summary>Weighs processes.</summary>
internal sealed class Scales(IDeployment deployment)
{
    /// <summary>CPU while <paramref name="work"/> runs, memory at its end.</summary>
    public async Task<(Weight Weight, T Result)> WeighAsync<T>(Func<Task<T>> work)
    {
        var (cpu, began) = (CpuClock.Of(deployment.Processes), TimeProvider.System.GetTimestamp());
        var result = await work();
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        var spent = CpuClock.Of(deployment.Processes) - cpu;
        var memory = deployment.Processes.Select(ProcessMemory.Of).Aggregate(default(ProcessMemory), (sum, one) => sum + one);
        return (new(memory.Proportional / 1024, memory.Resident / 1024, 1000 * spent / seconds), result);
    }
}
