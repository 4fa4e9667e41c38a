using Ambient.Hbone.Headers;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Connections;

/// <summary>The labels of the <c>istio_tcp_*</c> metrics, in their order, and how each is computed.</summary>
internal static class TrafficLabels
{
    public const string Unknown = "unknown";

    /// <summary>Where the labels of the source begin in <see cref="Names"/>, and how many there are.</summary>
    public const int Source = 1, SourceCount = 8;

    private const int SourcePrincipal = 8, Service = 9, Destination = 12, DestinationPrincipal = 19, Localities = 23;

    public static readonly string[] Names =
    [
        "reporter",
        "source_workload", "source_canonical_service", "source_canonical_revision", "source_workload_namespace",
        "source_app", "source_version", "source_cluster",
        "source_principal",
        "destination_service", "destination_service_namespace", "destination_service_name",
        "destination_workload", "destination_canonical_service", "destination_canonical_revision", "destination_workload_namespace",
        "destination_app", "destination_version", "destination_cluster",
        "destination_principal",
        "request_protocol", "response_flags", "connection_security_policy",
        "source_region", "source_zone", "destination_region", "destination_zone",
    ];

    /// <param name="values">As many as <see cref="Names"/>; null leaves the label out.</param>
    /// <param name="flags">Of <c>response_flags</c>.</param>
    public static void Fill(Span<string?> values, in ConnectionFacts facts, string flags)
    {
        values[0] = ReporterOf(facts.Direction);
        FillParty(values[Source..], facts.SourceWorkload, facts.SourceWorkload is null ? facts.ClaimedSource : null);
        values[SourcePrincipal] = facts.SourceIdentity?.ToString() ?? Unknown;
        FillService(values[Service..], facts.DestinationService);
        FillParty(values[Destination..], facts.DestinationWorkload, facts.ClaimedDestination);
        values[DestinationPrincipal] = PrincipalOfDestination(facts);
        values[20] = "tcp";
        values[21] = flags;
        values[22] = facts.IsMutualTls ? "mutual_tls" : Unknown;
        FillLocalities(values[Localities..], facts);
    }

    /// <summary>Namespace and workload of source and destination, as far as they were known.</summary>
    public static IEnumerable<(string Namespace, string Workload)> Parties(string?[] labels)
    {
        foreach (var party in (int[])[Source, Destination])
            if (labels[party] is { } workload && workload != Unknown) yield return (labels[party + 3]!, workload);
    }

    public static string ReporterOf(Direction direction) => direction == Direction.Outbound ? "source" : "destination";

    /// <summary>The labels of a source that is known, identity included.</summary>
    public static void FillSource(Span<string?> values, Workload source)
    {
        FillParty(values, source, claimed: null);
        values[SourcePrincipal - Source] = source.Identity.ToString();
    }

    private static void FillParty(Span<string?> values, Workload? known, Baggage? claimed)
    {
        if (claimed is not null)
            FillParty(values, claimed.WorkloadName, claimed.ServiceName, claimed.ServiceVersion, claimed.Namespace, claimed.WorkloadName, claimed.Cluster);
        else if (known is not null)
            FillParty(values, known.WorkloadName, known.CanonicalName, known.CanonicalRevision, known.Namespace, known.CanonicalName, known.ClusterId);
        else
            values[..7].Fill(Unknown);
    }

    private static void FillParty(Span<string?> values, string workload, string service, string revision, string ns, string app, string cluster)
    {
        values[0] = Known(workload);
        values[1] = Known(service);
        values[2] = Known(revision);
        values[3] = Known(ns);
        values[4] = Known(app);
        values[5] = Known(revision);
        values[6] = Known(cluster);
    }

    private static void FillService(Span<string?> values, Service? service)
    {
        values[0] = Known(service?.Hostname);
        values[1] = Known(service?.Namespace);
        values[2] = Known(service?.Name);
    }

    // Told for plaintext as well: who the mesh says runs there.
    private static string PrincipalOfDestination(in ConnectionFacts facts) =>
        facts.ClaimedDestination is null && facts.DestinationWorkload is { ServiceAccount.Length: > 0 } workload
            ? workload.Identity.ToString()
            : facts.DestinationIdentity?.ToString() ?? Unknown;

    // All four or none: where no side has a locality, the labels would only cost.
    private static void FillLocalities(Span<string?> values, in ConnectionFacts facts)
    {
        var (sourceRegion, sourceZone) = LocalityOf(facts.SourceWorkload, facts.SourceWorkload is null ? facts.ClaimedSource : null);
        var (region, zone) = LocalityOf(facts.DestinationWorkload, facts.ClaimedDestination);
        if (string.IsNullOrEmpty(sourceRegion) && string.IsNullOrEmpty(sourceZone) && string.IsNullOrEmpty(region) && string.IsNullOrEmpty(zone))
        {
            values[..4].Clear();
            return;
        }

        values[0] = Known(sourceRegion);
        values[1] = Known(sourceZone);
        values[2] = Known(region);
        values[3] = Known(zone);
    }

    private static (string? Region, string? Zone) LocalityOf(Workload? known, Baggage? claimed) =>
        claimed is not null ? (claimed.Region, claimed.Zone) : (known?.Locality.Region, known?.Locality.Zone);

    private static string Known(string? text) => string.IsNullOrEmpty(text) ? Unknown : text;
}
