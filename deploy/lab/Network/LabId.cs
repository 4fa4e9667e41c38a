namespace Ambient.Lab.Network;

/// <summary>
/// What tells the labs on one machine apart: it begins the name of every namespace and is the name of the directory under
/// <see cref="Root"/>, whose file "owner" says which process will clean up.
/// </summary>
public readonly record struct LabId(string Value)
{
    public const string Root = "/run/ambient-lab";
    public const string NamespaceDirectory = "/run/netns";

    private const string Prefix = "amb";
    private static int _count;

    public string Directory => Path.Combine(Root, Value);

    private string OwnerFile => Path.Combine(Directory, "owner");

    public string Namespace(string name) => $"{Value}-{name}";

    public IEnumerable<string> Namespaces() => System.IO.Directory.Exists(NamespaceDirectory)
        ? System.IO.Directory.EnumerateFiles(NamespaceDirectory, $"{Value}-*").Select(file => Path.GetFileName(file))
        : [];

    /// <summary>A new lab of this process.</summary>
    public static LabId Create()
    {
        var id = new LabId($"{Prefix}{Environment.ProcessId}x{Interlocked.Increment(ref _count)}");
        // Made whole under another name first: a directory without an owner would be swept by whoever starts a lab meanwhile.
        var unborn = Path.Combine(Root, $"new-{id.Value}");
        System.IO.Directory.CreateDirectory(unborn);
        File.WriteAllText(Path.Combine(unborn, Path.GetFileName(id.OwnerFile)), ProcessMark.Of(Environment.ProcessId) ?? "");
        System.IO.Directory.Move(unborn, id.Directory);
        return id;
    }

    /// <summary>Labs whose owner is gone: it was killed before it could clean up, or made something while it did.</summary>
    public static IEnumerable<LabId> Stale() => In(Root, "*").Concat(In(NamespaceDirectory, "*-*")).Distinct().Where(id => !id.HasOwner()).ToList();

    private static IEnumerable<LabId> In(string directory, string names) => System.IO.Directory.Exists(directory)
        ? System.IO.Directory.EnumerateFileSystemEntries(directory, $"{Prefix}{names}").Select(path => new LabId(Path.GetFileName(path).Split('-')[0]))
        : [];

    private bool HasOwner()
    {
        try { return ProcessMark.IsAlive(File.ReadAllText(OwnerFile)); }
        catch (IOException) { return false; }
    }
}
