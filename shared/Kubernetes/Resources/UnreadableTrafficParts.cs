using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Ambient.Kubernetes.Resources;

internal sealed class DestinationRuleSpecConverter : PartConverter<DestinationRuleSpec>
{
    protected override JsonTypeInfo<DestinationRuleSpec> Contract => KubernetesJson.Default.DestinationRuleSpec;

    protected override DestinationRuleSpec Salvage(JsonElement part, string problem) => new()
    {
        Problem = problem,
        Host = FieldOf(part, "host", KubernetesJson.Default.String)!,
        ExportTo = FieldOf(part, "exportTo", KubernetesJson.Default.IReadOnlyListString),
    };
}

internal sealed class TelemetrySpecConverter : PartConverter<TelemetrySpec>
{
    protected override JsonTypeInfo<TelemetrySpec> Contract => KubernetesJson.Default.TelemetrySpec;

    protected override TelemetrySpec Salvage(JsonElement part, string problem) => new() { Problem = problem };
}

internal sealed class VirtualServiceSpecConverter : PartConverter<VirtualServiceSpec>
{
    protected override JsonTypeInfo<VirtualServiceSpec> Contract => KubernetesJson.Default.VirtualServiceSpec;

    protected override VirtualServiceSpec Salvage(JsonElement part, string problem) => new()
    {
        Problem = problem,
        Hosts = FieldOf(part, "hosts", KubernetesJson.Default.IReadOnlyListString),
        Gateways = FieldOf(part, "gateways", KubernetesJson.Default.IReadOnlyListString),
    };
}

internal sealed class VirtualHttpRouteConverter : PartConverter<VirtualHttpRoute>
{
    protected override JsonTypeInfo<VirtualHttpRoute> Contract => KubernetesJson.Default.VirtualHttpRoute;

    protected override VirtualHttpRoute Salvage(JsonElement part, string problem) => new()
    {
        Problem = problem,
        Name = FieldOf(part, "name", KubernetesJson.Default.String),
        Match = Has(part, "match") ? FieldOf(part, "match", KubernetesJson.Default.IReadOnlyListVirtualMatch) : part.ValueKind == JsonValueKind.Object ? [new()] : null,
    };
}

internal sealed class VirtualHttpConverter() : PartListConverter<VirtualHttpRoute>(new VirtualHttpRouteConverter());
