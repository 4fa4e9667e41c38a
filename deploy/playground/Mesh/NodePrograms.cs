namespace Ambient.Playground.Mesh;

/// <summary>Where the native node programs are, and what they are told.</summary>
internal static class NodePrograms
{
    public static string Ztunnel => Find("ztunnel");
    public static string Agent => Find("ambient-agent");

    /// <summary>Everything of one lab shares a certificate authority, as the pods of one mesh do.</summary>
    public static Dictionary<string, string> ZtunnelEnvironment(MeshNode node, string meshFile, string authorityDirectory) => new()
    {
        ["NODE_NAME"] = node.Lab.Name,
        ["INPOD_UDS"] = node.ZdsSocket,
        ["LOCAL_XDS_PATH"] = meshFile,
        ["XDS_ADDRESS"] = "",
        ["AMBIENT_DEV_CA_DIR"] = authorityDirectory,
        ["POD_NAME"] = $"ztunnel-{node.Lab.Name}",
        ["POD_NAMESPACE"] = "istio-system",
        ["SERVICE_ACCOUNT"] = "ztunnel",
        ["RUST_LOG"] = "info",
    };

    private static string Find(string program)
    {
        var directory = Environment.GetEnvironmentVariables()["AMBIENT_NATIVE_DIR"] as string ?? DefaultDirectory();
        var path = Path.GetFullPath(Path.Combine(directory, program));
        return File.Exists(path) ? path : throw new LabException($"{path} does not exist: ./demo.sh and ./test.sh build it, or set AMBIENT_NATIVE_DIR.");
    }

    // artifacts/native of the checkout that this program was built in.
    private static string DefaultDirectory()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, "Ambient.sln"))) return Path.Combine(directory, "artifacts", "native");
        return ".";
    }
}
