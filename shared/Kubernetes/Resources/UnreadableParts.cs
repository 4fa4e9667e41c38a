using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Ambient.Kubernetes.Resources;

/// <summary>Reads a part of an object that may be nonsense, without losing the object over it.</summary>
internal abstract class PartConverter<T> : JsonConverter<T> where T : class
{
    private const int LongestPath = 200;

    /// <summary>Of the part itself, without this converter.</summary>
    protected abstract JsonTypeInfo<T> Contract { get; }

    /// <summary>What stands for a part that cannot be read.</summary>
    protected abstract T? Salvage(JsonElement part, string problem);

    public sealed override T? Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return Read(document.RootElement);
    }

    /// <summary>For a part within another.</summary>
    public T? Read(JsonElement json) => TryRead(json, Contract, out var part, out var problem) ? part : Salvage(json, problem);

    public sealed override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value, Contract);

    /// <returns>Null also if there is none, or one that cannot be read.</returns>
    protected static F? FieldOf<F>(JsonElement part, string name, JsonTypeInfo<F> type) where F : class =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out var field) && TryRead(field, type, out var value, out _) ? value : null;

    protected static bool Has(JsonElement part, string name) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty(name, out var field) && field.ValueKind != JsonValueKind.Null;

    private static bool TryRead<F>(JsonElement json, JsonTypeInfo<F> type, out F? value, [NotNullWhen(false)] out string? problem) where F : class
    {
        try
        {
            (value, problem) = (json.Deserialize(type), null);
            return true;
        }
        // Converters may throw anything; whatever it is, it concerns this part alone.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            (value, problem) = (null, ProblemIn(e));
            return false;
        }
    }

    private static string ProblemIn(Exception error)
    {
        if (error is not JsonException { Path: { Length: > 0 } path }) return error.Message;
        var place = path.Length <= LongestPath ? path[1..] : $"{path[1..LongestPath]}…";
        // The one that says so names a type of ours, which is none of a user's business.
        return error.Message.Contains("could not be mapped", StringComparison.Ordinal)
            ? $"there is no field {place} that is known here."
            : $"the value of {place} is of the wrong kind.";
    }
}

internal sealed class AuthorizationPolicySpecConverter : PartConverter<AuthorizationPolicySpec>
{
    protected override JsonTypeInfo<AuthorizationPolicySpec> Contract => KubernetesJson.Default.AuthorizationPolicySpec;

    protected override AuthorizationPolicySpec Salvage(JsonElement part, string problem) => new()
    {
        Problem = problem,
        Selector = FieldOf(part, "selector", KubernetesJson.Default.PolicySelector),
        TargetRefs = TargetsOf(part),
        Action = ActionOf(part),
    };

    private static string? ActionOf(JsonElement part)
    {
        if (part.ValueKind == JsonValueKind.Object && !Has(part, "action")) return null;
        return part.ValueKind == JsonValueKind.Object && part.GetProperty("action") is { ValueKind: JsonValueKind.String } action ? action.GetString() : "?";
    }

    // A policy with targets is a waypoint's, whatever they are.
    private static IReadOnlyList<PolicyTargetReference>? TargetsOf(JsonElement part)
    {
        if (FieldOf(part, "targetRefs", KubernetesJson.Default.IReadOnlyListPolicyTargetReference) is { Count: > 0 } targets) return targets;
        if (FieldOf(part, "targetRef", KubernetesJson.Default.PolicyTargetReference) is { } target) return [target];
        var isEmptyList = Has(part, "targetRefs") && part.GetProperty("targetRefs") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 0;
        return Has(part, "targetRef") || (Has(part, "targetRefs") && !isEmptyList) ? [new()] : null;
    }
}

internal sealed class PeerAuthenticationSpecConverter : PartConverter<PeerAuthenticationSpec>
{
    protected override JsonTypeInfo<PeerAuthenticationSpec> Contract => KubernetesJson.Default.PeerAuthenticationSpec;

    protected override PeerAuthenticationSpec Salvage(JsonElement part, string problem) => new()
    {
        Problem = problem,
        Selector = FieldOf(part, "selector", KubernetesJson.Default.PolicySelector),
    };
}

internal sealed class RequestAuthenticationSpecConverter : PartConverter<RequestAuthenticationSpec>
{
    protected override JsonTypeInfo<RequestAuthenticationSpec> Contract => KubernetesJson.Default.RequestAuthenticationSpec;

    protected override RequestAuthenticationSpec Salvage(JsonElement part, string problem) => new();
}

/// <summary>A status that cannot be read says nothing: it is written anew.</summary>
internal sealed class ConditionedStatusConverter : PartConverter<ConditionedStatus>
{
    protected override JsonTypeInfo<ConditionedStatus> Contract => KubernetesJson.Default.ConditionedStatus;

    protected override ConditionedStatus? Salvage(JsonElement part, string problem) => null;
}
