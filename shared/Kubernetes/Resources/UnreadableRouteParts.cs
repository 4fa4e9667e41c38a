using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Ambient.Kubernetes.Resources;

/// <summary>A list of which one entry may be nonsense, without losing its neighbours.</summary>
internal abstract class PartListConverter<T>(PartConverter<T> each) : JsonConverter<IReadOnlyList<T>> where T : class
{
    public sealed override IReadOnlyList<T>? Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.ValueKind != JsonValueKind.Array) throw new JsonException("Expected a list.");
        return [.. document.RootElement.EnumerateArray().Select(each.Read).OfType<T>()];
    }

    public sealed override void Write(Utf8JsonWriter writer, IReadOnlyList<T> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var part in value) each.Write(writer, part, options);
        writer.WriteEndArray();
    }
}

internal sealed class RouteSpecConverter : PartConverter<RouteSpec>
{
    protected override JsonTypeInfo<RouteSpec> Contract => KubernetesJson.Default.RouteSpec;

    protected override RouteSpec Salvage(JsonElement part, string problem) => new()
    {
        Problem = problem,
        ParentRefs = FieldOf(part, "parentRefs", KubernetesJson.Default.IReadOnlyListParentReference),
    };
}

internal sealed class RouteRuleConverter : PartConverter<RouteRuleSpec>
{
    protected override JsonTypeInfo<RouteRuleSpec> Contract => KubernetesJson.Default.RouteRuleSpec;

    protected override RouteRuleSpec Salvage(JsonElement part, string problem) => new()
    {
        Problem = problem,
        Name = FieldOf(part, "name", KubernetesJson.Default.String),
        // A rule without matches is for everything; one whose matches cannot be read is for nobody knows what.
        Matches = Has(part, "matches") ? FieldOf(part, "matches", KubernetesJson.Default.IReadOnlyListRouteMatchSpec) : part.ValueKind == JsonValueKind.Object ? [new()] : null,
    };
}

internal sealed class RouteRulesConverter() : PartListConverter<RouteRuleSpec>(new RouteRuleConverter());

internal sealed class RouteStatusConverter : PartConverter<RouteStatus>
{
    protected override JsonTypeInfo<RouteStatus> Contract => KubernetesJson.Default.RouteStatus;

    protected override RouteStatus? Salvage(JsonElement part, string problem) => null;
}

internal sealed class BackendTlsPolicySpecConverter : PartConverter<BackendTlsPolicySpec>
{
    protected override JsonTypeInfo<BackendTlsPolicySpec> Contract => KubernetesJson.Default.BackendTlsPolicySpec;

    protected override BackendTlsPolicySpec Salvage(JsonElement part, string problem) => new()
    {
        Problem = problem,
        TargetRefs = FieldOf(part, "targetRefs", KubernetesJson.Default.IReadOnlyListSectionTargetReference),
    };
}

internal sealed class PolicyStatusConverter : PartConverter<PolicyStatus>
{
    protected override JsonTypeInfo<PolicyStatus> Contract => KubernetesJson.Default.PolicyStatus;

    protected override PolicyStatus? Salvage(JsonElement part, string problem) => null;
}

internal sealed class ReferenceGrantSpecConverter : PartConverter<ReferenceGrantSpec>
{
    protected override JsonTypeInfo<ReferenceGrantSpec> Contract => KubernetesJson.Default.ReferenceGrantSpec;

    protected override ReferenceGrantSpec? Salvage(JsonElement part, string problem) => null;
}

/// <summary>The method of a request, as a word or as an object: two kinds of routes have a field of that name.</summary>
internal sealed class MethodMatchConverter : JsonConverter<MethodMatchSpec>
{
    public override MethodMatchSpec? Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.TokenType == JsonTokenType.String
        ? new() { Verb = reader.GetString() }
        : JsonSerializer.Deserialize(ref reader, KubernetesJson.Default.MethodMatchSpec);

    public override void Write(Utf8JsonWriter writer, MethodMatchSpec value, JsonSerializerOptions options)
    {
        if (value.Verb is { } verb) writer.WriteStringValue(verb);
        else JsonSerializer.Serialize(writer, value, KubernetesJson.Default.MethodMatchSpec);
    }
}
