namespace Ambient.Linux.Files;

/// <summary>What a path goes through.</summary>
internal static class PathTrail
{
    private const int MaxLinks = 40; // as the kernel has it (path_resolution(7))

    /// <summary>
    /// The directories whose entries decide what the path leads to: the one that holds the file, or the nearest to it while it is
    /// missing, and those that hold the links on the way.
    /// </summary>
    /// <param name="file">Absolute.</param>
    public static HashSet<string> DirectoriesOf(string file)
    {
        var (found, directory, rest, links) = (new HashSet<string>(), "/", new Stack<string>(), 0);
        PutBefore(rest, file);
        while (rest.TryPop(out var name))
        {
            var next = name == ".." ? Path.GetDirectoryName(directory) ?? "/" : Path.Combine(directory, name);
            if (name != ".." && links < MaxLinks && new FileInfo(next).LinkTarget is { } target)
            {
                links++;
                found.Add(directory);
                if (target.StartsWith('/')) directory = "/";
                PutBefore(rest, target);
                continue;
            }
            if (rest.Count > 0 && Directory.Exists(next))
            {
                directory = next;
                continue;
            }
            found.Add(directory);
            break;
        }
        return found;
    }

    private static void PutBefore(Stack<string> rest, string path)
    {
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            if (name != ".") rest.Push(name);
    }
}
