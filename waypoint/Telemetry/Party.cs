using Ambient.Model.Workloads;
using Ambient.Waypoint.Inbound;

namespace Ambient.Waypoint.Telemetry;

/// <summary>How metrics name one end of a request: never empty, for dashboards drop series with an empty label (waypoint reference, 6.2).</summary>
internal sealed record Party(string Workload, string Namespace, string Principal, string App, string Version, string Service, string Revision, string Cluster)
{
    public const string Missing = "unknown";
    public static readonly Party Unknown = new(Missing, Missing, Missing, Missing, Missing, Missing, "latest", Missing);

    public static Party Of(Workload workload) => new(
        Told(workload.WorkloadName), Told(workload.Namespace), workload.Identity.ToString(), Told(workload.CanonicalName), Told(workload.CanonicalRevision),
        Told(workload.CanonicalName), workload.CanonicalRevision.Length > 0 ? workload.CanonicalRevision : "latest", Told(workload.ClusterId));

    /// <summary>Identities are those of certificates; what a client tells of itself only names what nobody else names.</summary>
    public static Party Of(Client client)
    {
        if (client.Workload is { } workload) return Of(workload);
        var named = Unknown with { Namespace = Told(client.Identity?.Namespace), Principal = Told(client.Identity?.ToString()) };
        return client.Claims is not { } claims ? named : named with
        {
            Workload = Told(claims.WorkloadName),
            App = Told(claims.ServiceName),
            Version = Told(claims.ServiceVersion),
            Service = Told(claims.ServiceName),
            Revision = claims.ServiceVersion.Length > 0 ? claims.ServiceVersion : "latest",
            Cluster = Told(claims.Cluster),
        };
    }

    private static string Told(string? text) => string.IsNullOrEmpty(text) ? Missing : text;
}
