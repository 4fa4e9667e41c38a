namespace Ambient.Architecture.Tests;

/// <summary>The first mermaid drawing of a document whose lines are <c>A &amp; B --&gt; C &amp; D</c>.</summary>
internal static class ProjectPicture
{
    public static IEnumerable<string> Read(string markdown)
    {
        var lines = markdown.Split('\n').Select(line => line.Trim())
            .SkipWhile(line => line != "graph TD").TakeWhile(line => line != "```").Where(line => line.Contains("-->", StringComparison.Ordinal));

        foreach (var line in lines)
        {
            var sides = line.Split("-->", StringSplitOptions.TrimEntries);
            foreach (var from in Names(sides[0]))
                foreach (var to in Names(sides[1]))
                    yield return $"{from} --> {to}";
        }
    }

    private static string[] Names(string side) => side.Split('&', StringSplitOptions.TrimEntries);
}
