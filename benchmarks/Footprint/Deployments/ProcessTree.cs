using System.Globalization;

namespace Ambient.Footprint.Deployments;

/// <summary>A process and all that it started.</summary>
internal static class ProcessTree
{
    public static IEnumerable<int> Of(int process) =>
        Children(process).SelectMany(Of).Prepend(process);

    private static IEnumerable<int> Children(int process) => File.ReadAllText($"/proc/{process}/task/{process}/children")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture));
}
