using Ambient.Hbone.Headers;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Workloads as the <c>baggage</c> header tells them, in both directions.</summary>
internal static class Claims
{
    public static string Tell(Workload workload) => new Baggage
    {
        Cluster = workload.ClusterId,
        Namespace = workload.Namespace,
        WorkloadType = workload.Type.ToString().ToLowerInvariant(),
        WorkloadName = workload.WorkloadName,
        ServiceName = workload.CanonicalName,
        ServiceVersion = workload.CanonicalRevision,
        Region = workload.Locality.Region,
        Zone = workload.Locality.Zone,
    }.Format();

    /// <summary>Null for no header.</summary>
    public static Baggage? Of(string? header) => string.IsNullOrEmpty(header) ? null : Baggage.Parse([header]);
}
