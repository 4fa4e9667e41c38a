using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Lines of ztunnel's access log.</summary>
internal static class AccessLogLines
{
    /// <summary>The last line that holds all of these texts, as soon as there is one.</summary>
    public static async Task<string> FindAsync(MeshNode node, params IReadOnlyList<string> texts)
    {
        string? line = null;
        await Until.TrueAsync(() =>
        {
            line = node.Ztunnel.ReadLog().Split('\n').LastOrDefault(each => texts.All(text => each.Contains(text, StringComparison.Ordinal)));
            return Task.FromResult(line is not null);
        }, () => $"{node.Name} logs a line with {string.Join(" and ", texts)}. Its log ends with:\n{node.Ztunnel.LogTail()}");
        return line!;
    }
}
