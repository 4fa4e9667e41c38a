namespace Ambient.Scale;

/// <summary>What the processes of one run hand each other.</summary>
internal static class ScaleFiles
{
    private static string Folder => Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "ambient-scale")).FullName;

    public static string Kubeconfig => Path.Combine(Folder, "kubeconfig");

    /// <summary>A node proxy's token.</summary>
    public static string Token => Path.Combine(Folder, "token");

    public static string Roots => Path.Combine(Folder, "roots.pem");
}
