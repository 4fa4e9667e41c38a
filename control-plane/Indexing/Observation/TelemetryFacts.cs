using Ambient.Model;
using Ambient.Model.Telemetry;

namespace Ambient.ControlPlane.Indexing.Observation;

/// <summary>A Telemetry, read and checked by itself.</summary>
/// <param name="Tracing">Without its collector.</param>
/// <param name="Provider">Who is to take spans; null if that is said elsewhere.</param>
/// <param name="Problems">What of it is not honoured.</param>
internal sealed record TelemetryFacts(
    TracingSettings? Tracing, string? Provider, AccessLogSettings? AccessLog, EquatableArray<MetricOverride> Metrics, EquatableArray<string> Problems);
