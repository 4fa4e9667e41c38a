namespace Ambient.Load.Results;

/// <summary>Names picked on the command line, with commas between them.</summary>
internal static class Names
{
    /// <exception cref="FormatException">A name that nothing has: it would be measured as nothing.</exception>
    public static HashSet<string> Pick(string names, IEnumerable<string> known)
    {
        HashSet<string> picked = [.. names.Split(',')];
        return picked.FirstOrDefault(name => !known.Contains(name)) is { } stranger
            ? throw new FormatException($"There is no '{stranger}'; there are {string.Join(", ", known)}.")
            : picked;
    }
}
