using System.Globalization;

namespace Ambient.Hosting.Metrics;

/// <summary>What the kernel knows about this process, read when scraped. A family is left out if its file cannot be read.</summary>
public static class ProcessMetrics
{
    public static void AddTo(MetricRegistry metrics)
    {
        metrics.AddGauge("process_open_fds", "Number of open file descriptors.", OpenDescriptors);
        metrics.AddGauge("process_max_fds", "Maximum number of open file descriptors.", MaxDescriptors);
        metrics.AddGauge("process_resident_memory_bytes", "Resident memory size in bytes (unstable).", ResidentBytes);
    }

    private static long? OpenDescriptors() => Read(() => Directory.EnumerateFileSystemEntries("/proc/self/fd").LongCount());

    private static long? MaxDescriptors() => Read(() =>
        Number(File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal)), 3));

    private static long? ResidentBytes() => Read(() =>
        1024 * Number(File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)), 1));

    private static long Number(string line, int word) =>
        long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[word], CultureInfo.InvariantCulture);

    private static long? Read(Func<long> read)
    {
        try { return read(); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or InvalidOperationException) { return null; }
    }
}
