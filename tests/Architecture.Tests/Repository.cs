using System.Xml.Linq;

namespace Ambient.Architecture.Tests;

/// <summary>The checked-out sources that these tests read.</summary>
internal static class Repository
{
    private static readonly string[] Generated = ["obj", "bin", "artifacts", ".git", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every project, its references by short name (<c>Ambient.Model</c> is <c>Model</c>).</summary>
    public static IReadOnlyList<Project> Projects { get; } =
        [.. Files("*.csproj").Select(path => new Project(path, XDocument.Load(Path.Combine(Root, path))))];

    /// <summary>Paths relative to the root, with forward slashes, without build output.</summary>
    public static IEnumerable<string> Files(string pattern) => Directory
        .EnumerateFiles(Root, pattern, SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Root, path))
        .Where(path => !path.Split('/').Any(Generated.Contains))
        .Order(StringComparer.Ordinal);

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, "Ambient.sln"))) return directory;
        throw new DirectoryNotFoundException($"No Ambient.sln above {AppContext.BaseDirectory}: run the tests where they were built.");
    }
}

internal sealed record Project(string Path, XDocument Xml)
{
    public string Name { get; } = System.IO.Path.GetFileNameWithoutExtension(Path)["Ambient.".Length..];

    public string Folder { get; } = System.IO.Path.GetDirectoryName(Path)!;

    public bool Ships => !Folder.StartsWith("tests/", StringComparison.Ordinal) && !Folder.StartsWith("benchmarks/", StringComparison.Ordinal);

    public IEnumerable<string> References => Xml.Descendants("ProjectReference")
        .Select(reference => System.IO.Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)["Ambient.".Length..]);

    public IEnumerable<string> Packages => Xml.Descendants("PackageReference").Select(package => package.Attribute("Include")!.Value);
}
