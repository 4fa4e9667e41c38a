using System.Globalization;

namespace Ambient.Scale;

internal sealed record ScaleOptions(int Workloads, int Services, int Nodes, int Changes, int Seconds, int Rounds, bool Heap)
{
    public static ScaleOptions Read(string[] args) =>
        new(Number(args, "--workloads", 100_000), Number(args, "--services", 20_000), Number(args, "--nodes", 500), Number(args, "--changes", 100), Number(args, "--seconds", 60),
            Number(args, "--rounds", 4), args.Contains("--heap"));

    public string[] ToArguments() =>
    [
        "--workloads", $"{Workloads}", "--services", $"{Services}", "--nodes", $"{Nodes}", "--changes", $"{Changes}", "--seconds", $"{Seconds}",
    ];

    private static int Number(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is >= 0 and var at ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
