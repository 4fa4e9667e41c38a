namespace Ambient.Storm;

/// <param name="Warm">The authority has run for a while; otherwise it compiles its code during the storm.</param>
/// <param name="Unmarked">Urgent requests do not say so, as those of other implementations: shows what the lanes are worth.</param>
internal sealed record StormOptions(int Nodes, int Identities, bool Unmarked, bool Warm)
{
    public static StormOptions Read(string[] args) =>
        new(Number(args, "--nodes", 1000), Number(args, "--identities", 50), args.Contains("--unmarked"), args.Contains("--warm"));

    private static int Number(string[] args, string name, int fallback) =>
        Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1]) : fallback;
}
