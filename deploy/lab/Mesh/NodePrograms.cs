namespace Ambient.Lab.Mesh;

/// <summary>Where the native node programs are, and what they are told.</summary>
public static class NodePrograms
{
    /// <summary>The checkout that this program was built in.</summary>
    public static string Checkout => FindCheckout();

    public static string Ztunnel => Find("ztunnel");
    public static string Agent => Find("ambient-agent");
    public static string Waypoint => Find("waypoint");

    /// <summary>The control plane runs on the .NET runtime, not native: it is where it was built.</summary>
    public static string ControlPlane
    {
        get
        {
            var program = Path.Combine(Checkout, "control-plane", "bin", "Release", "net10.0", "Ambient.ControlPlane");
            return File.Exists(program) ? program : throw new LabException($"{program} does not exist: ./demo.sh and ./test.sh build it.");
        }
    }

    /// <summary>The mesh from a file, and certificates from an authority in a directory. Everything of one lab shares it, as the pods of one mesh do.</summary>
    public static Dictionary<string, string> LocalMesh(string meshFile, string authorityDirectory) => new()
    {
        ["LOCAL_XDS_PATH"] = meshFile,
        ["XDS_ADDRESS"] = "",
        ["AMBIENT_DEV_CA_DIR"] = authorityDirectory,
    };

    public static Dictionary<string, string> ZtunnelEnvironment(MeshNode node) => new()
    {
        ["NODE_NAME"] = node.Lab.Name,
        ["INPOD_UDS"] = node.ZdsSocket,
        ["INSTANCE_IP"] = $"{node.Lab.Address.V4}",
        ["POD_NAME"] = $"ztunnel-{node.Lab.Name}",
        ["POD_NAMESPACE"] = "istio-system",
        ["SERVICE_ACCOUNT"] = "ztunnel",
        ["RUST_LOG"] = "info",
    };

    private static string Find(string program)
    {
        var path = Path.Combine(Checkout, "artifacts", "native", program);
        return File.Exists(path) ? path : throw new LabException($"{path} does not exist: ./demo.sh and ./test.sh build it.");
    }

    private static string FindCheckout()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, "Ambient.sln"))) return directory;
        throw new LabException($"There is no Ambient.sln above {AppContext.BaseDirectory}: the lab runs from the checkout it was built in.");
    }
}
