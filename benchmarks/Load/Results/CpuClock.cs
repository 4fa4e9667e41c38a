using System.Globalization;

namespace Ambient.Load.Results;

/// <summary>CPU time as the kernel counts it, in seconds.</summary>
internal static class CpuClock
{
    private const double TicksPerSecond = 100; // USER_HZ, fixed for user space
    private const int UserField = 11, ChildrenField = 13; // fields 14 and 16 of proc(5) stat, counted from behind the command

    /// <summary>User and system time of all threads of a process, dead ones included; 0 if it is gone.</summary>
    public static double Of(int process) => Sum($"/proc/{process}/stat", UserField);

    /// <summary>The same of our children that have ended and were waited for.</summary>
    public static double OfEndedChildren() => Sum("/proc/self/stat", ChildrenField);

    public static double Of(IEnumerable<int> processes) => processes.Sum(Of);

    /// <summary>Everything that all cores did: user, nice, system, interrupts. Idle, waiting and stolen time are not in it.</summary>
    public static double Busy()
    {
        var fields = Machine();
        return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / TicksPerSecond;
    }

    /// <summary>Time in which the hypervisor ran somebody else although we wanted to run.</summary>
    public static double Stolen() => Machine()[7] / TicksPerSecond;

    private static double Sum(string file, int field)
    {
        try
        {
            var stat = File.ReadAllText(file);
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (double.Parse(fields[field], CultureInfo.InvariantCulture) + double.Parse(fields[field + 1], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static double[] Machine() => [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
        .Select(field => double.Parse(field, CultureInfo.InvariantCulture))];
}
