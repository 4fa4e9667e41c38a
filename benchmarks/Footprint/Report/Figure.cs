using Ambient.Footprint.Deployments;

namespace Ambient.Footprint.Report;

/// <summary>One figure that is reported, and how it is read from a repetition.</summary>
internal sealed record Figure(string Name, string Legend, Func<Measurement, double> Read)
{
    public static readonly Figure IdleMemory = new("PSS MiB", "Memory of all proxies of the node at rest, shared pages in parts.", static one => one.Idle.Proportional);

    public static IReadOnlyList<Figure> All { get; } =
    [
        new("processes", "Processes that are measured.", static one => one.Processes),
        IdleMemory,
        new("RSS MiB", "The same with shared pages counted for each process.", static one => one.Idle.Resident),
        new("KiB a pod", "PSS for each pod.", static one => one.Idle.Proportional * 1024 / one.Pods),
        new("idle CPU m", "Thousandths of a core at rest.", static one => one.Idle.Cpu),
        new("PSS MiB at load", "PSS at 1,000 requests a second.", static one => one.Loaded.Proportional),
        new("CPU m at load", "Thousandths of a core at 1,000 requests a second.", static one => one.Loaded.Cpu),
        new("requests/s", "Answered.", static one => one.Load.Rate),
        new("p50 µs", "Median time of a request of 1 KiB and its answer.", static one => one.Load.Median),
    ];

    public Spread Of(MeshKind kind, int pods) => Spread.Of(Measurements.Of(kind, pods).Select(Read));
}
