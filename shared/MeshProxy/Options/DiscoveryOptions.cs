namespace Ambient.MeshProxy.Options;

/// <summary>Where the mesh's workloads, services and policies come from: the control plane over xDS, a local file, or both.</summary>
public sealed record DiscoveryOptions
{
    /// <summary>XDS_ADDRESS, then discoveryAddress. Null (set to empty) turns xDS off.</summary>
    public Uri? Address { get; init; }

    /// <summary>XDS_ON_DEMAND: ask for addresses when they are needed. Default false.</summary>
    public bool OnDemand { get; init; }

    /// <summary>XDS_ROOT_CA.</summary>
    public required ControlPlaneRoots Roots { get; init; }

    /// <summary>ALT_XDS_HOSTNAME: also accepted in the server's certificate.</summary>
    public string? AlternativeHostname { get; init; }

    /// <summary>XDS_HEADER_*: sent with every call. May hold secrets.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>LOCAL_XDS_PATH: a file loaded at start.</summary>
    public string? LocalFile { get; init; }

    /// <summary>LOCAL_XDS: the same, inline.</summary>
    public string? LocalText { get; init; }

    public static DiscoveryOptions Read(SettingsReader settings, ProxyConfig config, string directory)
    {
        var (file, text) = (settings.Text("LOCAL_XDS_PATH"), settings.Text("LOCAL_XDS"));
        if (file is not null && text is not null) settings.Mistake("LOCAL_XDS_PATH", file, "set either it or LOCAL_XDS, not both");
        if (file is not null && !File.Exists(Path.Combine(directory, file))) settings.Mistake("LOCAL_XDS_PATH", file, "there is no such file");
        return new()
        {
            Address = ControlPlaneAddress.Parse(settings, "XDS_ADDRESS",
                settings.RawText("XDS_ADDRESS") ?? config.DiscoveryAddress ?? ControlPlaneAddress.Default(settings)),
            OnDemand = settings.Bool("XDS_ON_DEMAND", false),
            Roots = ControlPlaneRoots.Read(settings, "XDS_ROOT_CA", directory),
            AlternativeHostname = settings.Text("ALT_XDS_HOSTNAME"),
            Headers = ControlPlaneAddress.ReadHeaders(settings, "XDS_HEADER_"),
            LocalFile = file,
            LocalText = text,
        };
    }
}
