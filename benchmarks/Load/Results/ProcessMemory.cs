using System.Globalization;

namespace Ambient.Load.Results;

/// <summary>Memory of a process in KiB: all that is resident, what nobody shares with it, and that with its part of what is shared.</summary>
internal readonly record struct ProcessMemory(double Resident, double Unique, double Proportional)
{
    public static ProcessMemory Of(int process)
    {
        var lines = File.ReadAllLines($"/proc/{process}/smaps_rollup");
        return new(Sum("Rss:"), Sum("Private_Clean:") + Sum("Private_Dirty:"), Sum("Pss:"));

        double Sum(string name) => lines.Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Sum(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
    }

    public static ProcessMemory operator -(ProcessMemory a, ProcessMemory b) => new(a.Resident - b.Resident, a.Unique - b.Unique, a.Proportional - b.Proportional);

    public static ProcessMemory operator +(ProcessMemory a, ProcessMemory b) => new(a.Resident + b.Resident, a.Unique + b.Unique, a.Proportional + b.Proportional);
}
