using System.Collections;
using Ambient.ControlPlane.Authority;
using Ambient.ControlPlane.Callers;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.ControlPlane.Options;
using Ambient.ControlPlane.Provisioning;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Options;

namespace Ambient.ControlPlane;

/// <summary>Everything that can be set from outside, read once at start. Nothing else reads the environment.</summary>
internal sealed record ControlPlaneOptions
{
    /// <summary>This replica, unique among them (<c>POD_NAME</c>).</summary>
    public required string PodName { get; init; }

    /// <summary>Where the control plane runs and keeps its objects (<c>POD_NAMESPACE</c>). Default istio-system.</summary>
    public required string SystemNamespace { get; init; }

    /// <summary>Default <c>default</c>. Several revisions may run side by side; each leads by a Lease of its own.</summary>
    public required string Revision { get; init; }

    public required ClusterAccess Cluster { get; init; }
    public required PortOptions Ports { get; init; }
    public required IndexOptions Index { get; init; }
    public required AuthorityOptions Authority { get; init; }
    public required CallerOptions Callers { get; init; }
    public required ProvisioningOptions Provisioning { get; init; }

    /// <summary>Changes are collected until it has been quiet for so long. Default 100 ms, 0 to 10 s.</summary>
    public required TimeSpan DebounceAfter { get; init; }

    /// <summary>Changes are told after so long even if it does not get quiet. Default 500 ms, up to 1 min.</summary>
    /// <remarks>Our updates are small and only what changed, so it pays to be quick: stock collects for up to 10 s.</remarks>
    public required TimeSpan DebounceMax { get; init; }

    /// <summary>Whether objects' status says what became of them. Default true.</summary>
    public required bool WritesStatus { get; init; }

    public required LogFormat LogFormat { get; init; }
    public required LogFilter LogFilter { get; init; }

    /// <summary>What the chart says it is; shown, never used.</summary>
    public required string IstioVersion { get; init; }

    /// <summary>How long calls may take to end when the process stops. Default 5 s.</summary>
    public required TimeSpan DrainDeadline { get; init; }

    /// <exception cref="OptionsException">With every mistake that was found.</exception>
    public static ControlPlaneOptions FromEnvironment()
    {
        var environment = new Dictionary<string, string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables()) environment[(string)variable.Key] = (string?)variable.Value ?? "";
        return Read(environment, Environment.MachineName);
    }

    /// <param name="machine">Name of the replica if no other is given.</param>
    /// <exception cref="OptionsException">With every mistake that was found.</exception>
    public static ControlPlaneOptions Read(IReadOnlyDictionary<string, string> environment, string machine)
    {
        var settings = new SettingsReader(environment);
        var systemNamespace = settings.Text("POD_NAMESPACE", "istio-system");
        var revision = settings.Text("REVISION", "default");
        var index = ReadIndex(settings, systemNamespace, revision);
        var options = new ControlPlaneOptions
        {
            PodName = settings.Text("POD_NAME", machine),
            SystemNamespace = systemNamespace,
            Revision = revision,
            Cluster = ClusterAccess.Read(settings),
            Ports = PortOptions.Read(settings),
            Index = index,
            Authority = AuthoritySettings.Read(settings, systemNamespace, revision, index.TrustDomain),
            Callers = AuthoritySettings.ReadCallers(settings, index.ClusterId),
            Provisioning = ProvisioningOptions.Read(settings, index),
            DebounceAfter = settings.Duration("PILOT_DEBOUNCE_AFTER", TimeSpan.FromMilliseconds(100), TimeSpan.Zero, TimeSpan.FromSeconds(10)),
            DebounceMax = settings.Duration("PILOT_DEBOUNCE_MAX", TimeSpan.FromMilliseconds(500), TimeSpan.Zero, TimeSpan.FromMinutes(1)),
            WritesStatus = settings.Bool("AMBIENT_ENABLE_STATUS", true),
            LogFormat = settings.Choice("LOG_FORMAT", ("plain", LogFormat.Plain), ("json", LogFormat.Json)),
            LogFilter = ReadLogFilter(settings),
            IstioVersion = settings.Text("ISTIO_VERSION", "unknown"),
            DrainDeadline = settings.Duration("TERMINATION_DRAIN_DURATION_SECONDS", TimeSpan.FromSeconds(5), TimeSpan.Zero, TimeSpan.FromHours(1)),
        };
        Validate(settings, options);
        return settings.Mistakes.Count == 0 ? options : throw new OptionsException(settings.Mistakes);
    }

    private static IndexOptions ReadIndex(SettingsReader settings, string systemNamespace, string revision) => new()
    {
        ClusterId = settings.Text("CLUSTER_ID", "Kubernetes"),
        Network = settings.Text("NETWORK", ""),
        DomainSuffix = settings.Text("DOMAIN_SUFFIX", "cluster.local"),
        TrustDomain = settings.Text("TRUST_DOMAIN", "cluster.local"),
        SystemNamespace = systemNamespace,
        Revision = revision,
        ConfigMapName = settings.Text("SHARED_MESH_CONFIG", revision == "default" ? "istio" : $"istio-{revision}"),
        AllocatedIps = settings.Bool("PILOT_ENABLE_IP_AUTOALLOCATE", true),
        ServiceEntriesSelectPods = settings.Bool("PILOT_ENABLE_SERVICEENTRY_SELECT_PODS", true),
        ServicesSelectWorkloadEntries = settings.Bool("PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES", true),
        DryRunPolicies = settings.Bool("AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY", false),
        AllowWaypointsOnly = settings.Bool("PILOT_AUTO_ALLOW_WAYPOINT_POLICY", false),
        AroundWaypoints = settings.Choice("AMBIENT_AROUND_WAYPOINTS",
            ("refuse", AroundWaypoints.Refuse), ("as-stock", AroundWaypoints.AsStock)),
        MultiNetwork = settings.Bool("AMBIENT_ENABLE_MULTI_NETWORK", false),
        UnenforceableRules = settings.Choice("AMBIENT_UNENFORCEABLE_RULES",
            ("fail-closed", UnenforceableRules.FailClosed), ("as-stock", UnenforceableRules.AsStock)),
    };

    // The web server would write five lines about every certificate.
    private static readonly LogFilter OwnLines = LogFilter.Info.With("microsoft=warn");

    private static LogFilter ReadLogFilter(SettingsReader settings)
    {
        var text = settings.Text("LOG_LEVEL", "info");
        try { return OwnLines.With(text); }
        catch (FormatException e)
        {
            settings.Mistake("LOG_LEVEL", text, e.Message);
            return OwnLines;
        }
    }

    private static void Validate(SettingsReader settings, ControlPlaneOptions options)
    {
        if (options.Index.ClusterId.Contains('/'))
            settings.Mistake("CLUSTER_ID", options.Index.ClusterId, "it becomes a part of names, so it may not contain '/'");
        if (options.Index.Network.Contains('/'))
            settings.Mistake("NETWORK", options.Index.Network, "it becomes a part of addresses, so it may not contain '/'");
        if (!IdentityNames.IsNamespace(options.SystemNamespace))
            settings.Mistake("POD_NAMESPACE", options.SystemNamespace, "it must be the name of a namespace");
        if (!IdentityNames.IsNamespace(options.Revision))
            settings.Mistake("REVISION", options.Revision, "allowed are 1 to 63 lower-case letters, digits and '-'");
        if (options.DebounceMax < options.DebounceAfter)
            settings.Mistake("PILOT_DEBOUNCE_MAX", DurationText.Format(options.DebounceMax),
                $"it may not be shorter than PILOT_DEBOUNCE_AFTER ({DurationText.Format(options.DebounceAfter)})");
    }
}
