using System.Globalization;

namespace Ambient.MeshProxy.Options;

/// <summary>How many event loops carry traffic.</summary>
/// <remarks>
/// PREFIX_WORKER_THREADS says so if it is set: a number, <c>0</c> for all CPUs, or <c>N%</c> of them (rounded up). Else the proxy
/// configuration's <c>concurrency</c> (0 = all CPUs). Else with a CPU limit in force, the larger of limit and request; without one, the
/// largest of a quarter of the CPUs, the request, and 2. Never less than 1.
/// </remarks>
public static class WorkerThreads
{
    /// <summary>More than this is a mistake in any cluster we know of.</summary>
    public const int Max = 1024;

    /// <param name="prefix">Of the variables: the program's name in capitals.</param>
    /// <param name="processors">CPUs of the machine, used where no variable tells a count.</param>
    public static int Read(SettingsReader settings, string prefix, int? concurrency, int processors)
    {
        var limit = Cpus(settings, $"{prefix}_RESOURCE_CPU_LIMIT");
        var request = Cpus(settings, $"{prefix}_RESOURCE_CPU_REQUEST") ?? 0;
        var cpus = Math.Max(1, limit ?? settings.Int($"{prefix}_CPU_LIMIT", processors, 1, 1_000_000));

        if (settings.Text($"{prefix}_WORKER_THREADS") is { } text)
        {
            if (TryParse(text, cpus, out var threads)) return threads;
            settings.Mistake($"{prefix}_WORKER_THREADS", text, $"allowed are 0 (all CPUs), a number up to {Max}, or a percentage from 1% to 100%");
            return 1;
        }

        var quarter = (cpus + 3) / 4;
        return Math.Clamp(concurrency switch
        {
            0 => cpus,
            { } given => given,
            null when limit is { } atMost => Math.Max(atMost, request),
            null => Math.Max(Math.Max(quarter, request), 2),
        }, 1, Max);
    }

    private static bool TryParse(string text, int cpus, out int threads)
    {
        threads = 0;
        if (text.EndsWith('%'))
        {
            if (!double.TryParse(text.AsSpan(..^1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)) return false;
            if (!(percent > 0 && percent <= 100)) return false;
            threads = Math.Clamp((int)Math.Ceiling(cpus * percent / 100), 1, Max);
            return true;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out threads) || threads > Max) return false;
        if (threads == 0) threads = Math.Min(cpus, Max);
        return true;
    }

    private static int? Cpus(SettingsReader settings, string name)
    {
        if (settings.Text(name) is not { } text) return null;
        if (CpuQuantity.TryParse(text, out var cpus)) return cpus;
        settings.Mistake(name, text, "allowed are Kubernetes quantities such as 2, 1.5 or 500m");
        return null;
    }
}
