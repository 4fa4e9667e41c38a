using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Settings;

/// <summary>Who may see a ServiceEntry's services; the narrower, the later.</summary>
public enum EntryVisibility { Public, Namespace, None }

/// <summary>Gives ServiceEntries of the namespaces it selects a visibility; without selectors, those of all.</summary>
public sealed record VisibilityRule(EntryVisibility Visibility, EquatableArray<LabelSelector> Namespaces);

/// <summary>Visibility of ServiceEntries: the first rule that matches, else the default.</summary>
public sealed record VisibilityPolicy(EntryVisibility Default, EquatableArray<VisibilityRule> Rules);

/// <summary>What the mesh's own configuration says to the index. Immutable.</summary>
public sealed record MeshConfig
{
    public required string RootNamespace { get; init; }

    public string TrustDomain { get; init; } = "cluster.local";

    /// <summary>Other names of the same trust domain: a policy that names one of them means them all.</summary>
    public EquatableArray<string> TrustDomainAliases { get; init; }

    /// <summary>Namespaces that are seen at all: those that one of these selects; without any, all.</summary>
    public IReadOnlyList<LabelSelector> DiscoverySelectors { get; init; } = [];

    /// <summary>Null unless configured: everything is public.</summary>
    public VisibilityPolicy? ServiceEntryVisibility { get; init; }

    public MeshTelemetry Telemetry { get; init; } = MeshTelemetry.None;

    /// <summary>What holds until a configuration is read.</summary>
    public static MeshConfig DefaultFor(IndexOptions options) => new() { RootNamespace = options.SystemNamespace, TrustDomain = options.TrustDomain };
}
