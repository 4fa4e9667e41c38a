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
        var path = Path.Combine(CheckoutDirectory(), "artifacts", "native", program);
        return File.Exists(path) ? path : throw new LabException($"{path} does not exist: ./demo.sh and ./test.sh build it.");
    }

    // The checkout that this program was built in.
    private static string CheckoutDirectory()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, "Ambient.sln"))) return directory;
        throw new LabException($"There is no Ambient.sln above {AppContext.BaseDirectory}: the lab runs from the checkout it was built in.");
    }
}
