using Ambient.Lab.Mesh;

namespace Ambient.Playground.Kubelet.Containers;

/// <summary>The images that this playground can run: each stands for a program of this checkout. Nothing is downloaded.</summary>
internal static class LocalImages
{
    public const string Application = "playground/application", Talk = "playground/talk", Pause = "playground/pause", Ztunnel = "ambient/ztunnel", Agent = "ambient/cni-agent", Waypoint = "ambient/waypoint";

    /// <summary>What an image runs if the container has no command.</summary>
    /// <param name="image">With or without registry and tag.</param>
    /// <returns>Null for an image that is not here.</returns>
    /// <exception cref="Lab.LabException">The program has not been built.</exception>
    public static IReadOnlyList<string>? EntryPoint(string image) => Name(image) switch
    {
        Application => [Playground, "application"],
        Talk => [Playground, "talk"],
        Pause => ["sleep", "infinity"],
        Ztunnel => [NodePrograms.Ztunnel],
        Agent => [NodePrograms.Agent],
        Waypoint => [NodePrograms.Waypoint],
        _ => null,
    };

    private static string Playground => Path.Combine(AppContext.BaseDirectory, "Ambient.Playground");

    // "registry/ambient/ztunnel:tag@digest" is "ambient/ztunnel".
    private static string Name(string image)
    {
        var parts = image.Split('@')[0].Split('/');
        parts[^1] = parts[^1].Split(':')[0];
        return string.Join('/', parts.TakeLast(2));
    }
}
