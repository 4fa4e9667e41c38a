using System.Collections.Immutable;

namespace Ambient.Model.Telemetry;

/// <summary>Labels of the standard metrics, in their order.</summary>
public static class MetricLabels
{
    public static readonly ImmutableArray<string> Tcp =
    [
        "reporter", "source_workload", "source_workload_namespace", "source_principal", "source_app", "source_version", "source_cluster",
        "source_canonical_service", "source_canonical_revision", "destination_workload", "destination_workload_namespace", "destination_principal",
        "destination_app", "destination_version", "destination_cluster", "destination_canonical_service", "destination_canonical_revision",
        "destination_service", "destination_service_name", "destination_service_namespace", "request_protocol", "response_flags", "connection_security_policy",
    ];

    public static readonly ImmutableArray<string> Requests = [.. Tcp, "response_code", "grpc_response_status"];
}
