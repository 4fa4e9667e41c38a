using System.Text.RegularExpressions;
using Xunit;

namespace Ambient.Architecture.Tests;

public sealed partial class SourceTests
{
    private const int LongestFile = 450;

    // Each hides what a thing does.
    private static readonly HashSet<string> EmptyWords = ["Core", "Common", "Util", "Utils", "Helper", "Helpers", "Manager", "Impl"];

    private static readonly string[] Sources = [.. Repository.Files("*.cs")];

    [Fact]
    public void Unsafe_code_lives_in_the_bindings_to_libc_and_OpenSSL_only()
    {
        var offenders = Sources
            .Where(path => !path.StartsWith("shared/Linux/", StringComparison.Ordinal) && !path.StartsWith("shared/Tls/OpenSsl/", StringComparison.Ordinal))
            .Where(path => UnsafeCode().IsMatch(WithoutCommentsAndStrings(Repository.Read(path))));

        Assert.Equal([], offenders);
    }

    [Fact]
    public void Only_the_projects_with_bindings_may_compile_unsafe_code()
    {
        var allowed = Repository.Projects.Where(project => project.Ships && project.Xml.Descendants("AllowUnsafeBlocks").Any()).Select(project => project.Name);

        Assert.Equal(["Linux", "Tls"], allowed.Order());
    }

    [Fact]
    public void Names_of_types_and_files_say_what_the_thing_does()
    {
        var inFiles = Sources.Select(path => (path, name: Path.GetFileName(path).Split('.')[0]));
        var inTypes = Sources.SelectMany(path => TypeName().Matches(WithoutCommentsAndStrings(Repository.Read(path))).Select(match => (path, name: match.Groups[1].Value)));

        var offenders = inFiles.Concat(inTypes).Where(found => Word().Matches(found.name).Any(word => EmptyWords.Contains(word.Value)));

        Assert.Equal([], offenders);
    }

    [Fact]
    public void A_file_is_one_noun_and_stays_readable()
    {
        var tooLong = Sources.Select(path => (path, lines: Repository.Read(path).Count(c => c == '\n'))).Where(file => file.lines > LongestFile);

        Assert.Equal([], tooLong);
    }

    [Fact]
    public void Nothing_is_hidden_in_regions_and_nothing_is_left_to_do()
    {
        var offenders = Sources.Where(path => !path.StartsWith("tests/Architecture.Tests/", StringComparison.Ordinal))
            .SelectMany(path => Unfinished().Matches(Repository.Read(path)).Select(match => $"{path}: {match.Value}"));

        Assert.Equal([], offenders);
    }

    [Fact]
    public void Private_keys_are_made_when_they_are_needed_and_never_stored()
    {
        var offenders = Repository.Files("*").Where(path => StoredKey().IsMatch(Repository.Read(path)));

        Assert.Equal([], offenders);
    }

    // A part of a type may lie in the folder of its subject while the type's namespace is the folder above.
    [Fact]
    public void Namespaces_follow_the_folders()
    {
        var offenders =
            from project in Repository.Projects
            from path in Sources
            where path.StartsWith(project.Folder + "/", StringComparison.Ordinal)
            let declared = DeclaredNamespace().Match(Repository.Read(path))
            where declared.Success
            let folder = Path.GetDirectoryName(path[(project.Folder.Length + 1)..])!.Replace('/', '.')
            let expected = folder.Length == 0 ? $"Ambient.{project.Name}" : $"Ambient.{project.Name}.{folder}"
            where !$"{expected}.".StartsWith($"{declared.Groups[1].Value}.", StringComparison.Ordinal)
                || !$"{declared.Groups[1].Value}.".StartsWith($"Ambient.{project.Name}.", StringComparison.Ordinal)
            select $"{path}: {declared.Groups[1].Value}, expected {expected}";

        Assert.Equal([], offenders);
    }

    private static string WithoutCommentsAndStrings(string source) => CommentOrString().Replace(source, " ");

    [GeneratedRegex(@"\bunsafe\b(?!\s*\))|\[(Dll|Library)Import|\bstackalloc\s+\w+\s*\*|\bfixed\s*\(")]
    private static partial Regex UnsafeCode();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+(?:struct|class))?)\s+([A-Z]\w*)")]
    private static partial Regex TypeName();

    [GeneratedRegex("[A-Z][a-z0-9]*")]
    private static partial Regex Word();

    [GeneratedRegex(@"#region|\bTODO\b|\bFIXME\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}")]
    private static partial Regex StoredKey();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex DeclaredNamespace();

    // Raw and verbatim strings before ordinary ones; line and block comments.
    [GeneratedRegex("\"\"\"[\\s\\S]*?\"\"\"|@\"(?:[^\"]|\"\")*\"|\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\])'|//[^\\n]*|/\\*[\\s\\S]*?\\*/")]
    private static partial Regex CommentOrString();
}
