using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Hosting.Options;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>What every waypoint is run with. Set once, at start.</summary>
internal sealed record ProvisioningOptions
{
    /// <summary>Whether waypoints are run at all (<c>PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER</c>). Default true.</summary>
    public required bool IsEnabled { get; init; }

    /// <summary><c>WAYPOINT_IMAGE</c>; default <c>ambient/waypoint</c>.</summary>
    public required string Image { get; init; }

    /// <summary><c>WAYPOINT_IMAGE_PULL_POLICY</c>: <c>Always</c>, <c>IfNotPresent</c> (default) or <c>Never</c>.</summary>
    public required string PullPolicy { get; init; }

    /// <summary>Names of Secrets that must be in every namespace with a waypoint (<c>WAYPOINT_IMAGE_PULL_SECRETS</c>, parted by commas).</summary>
    public required IReadOnlyList<string> PullSecrets { get; init; }

    /// <summary>Where waypoints find discovery and certificates (<c>WAYPOINT_DISCOVERY_ADDRESS</c>); default the Service of the chart.</summary>
    public required string DiscoveryAddress { get; init; }

    /// <summary>Whether waypoints check certificates against the published revocation lists (<c>WAYPOINT_REVOCATION_LISTS</c>). Default false.</summary>
    public required bool ChecksRevocations { get; init; }

    /// <summary><c>WAYPOINT_LOG</c>: a level, or levels by scope; default info.</summary>
    public required string Log { get; init; }

    /// <summary>As for the control plane itself: plain or json.</summary>
    public required string LogFormat { get; init; }

    public required IndexOptions Index { get; init; }

    public static ProvisioningOptions Read(SettingsReader settings, IndexOptions index) => new()
    {
        IsEnabled = settings.Bool("PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER", true),
        Image = settings.Text("WAYPOINT_IMAGE", "ambient/waypoint"),
        PullPolicy = settings.Choice("WAYPOINT_IMAGE_PULL_POLICY", ("IfNotPresent", "IfNotPresent"), ("Always", "Always"), ("Never", "Never")),
        PullSecrets = settings.Text("WAYPOINT_IMAGE_PULL_SECRETS", "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        DiscoveryAddress = settings.Text("WAYPOINT_DISCOVERY_ADDRESS", $"https://istiod.{index.SystemNamespace}.svc:15012"),
        ChecksRevocations = settings.Bool("WAYPOINT_REVOCATION_LISTS", false),
        Log = settings.Text("WAYPOINT_LOG", "info"),
        LogFormat = settings.Text("LOG_FORMAT", "plain"),
        Index = index,
    };
}
