using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Client;

/// <summary>Whether what an object owns goes with it, and when.</summary>
public enum Propagation
{
    Background,
    Foreground,
    Orphan,
}

internal sealed record DeleteOptions
{
    public string ApiVersion { get; init; } = "v1";
    public string Kind { get; init; } = "DeleteOptions";
    public string? PropagationPolicy { get; init; }
    public DeletePreconditions? Preconditions { get; init; }
}

internal sealed record DeletePreconditions(string? Uid, string? ResourceVersion);

internal sealed record TokenReviewBody
{
    public string ApiVersion { get; init; } = "authentication.k8s.io/v1";
    public string Kind { get; init; } = "TokenReview";
    public TokenReviewBodySpec? Spec { get; init; }
    public TokenReviewBodyStatus? Status { get; init; }
}

internal sealed record TokenReviewBodySpec(string? Token, IReadOnlyList<string>? Audiences)
{
    /// <summary>Without the token: records are printed by accident.</summary>
    public override string ToString() => "TokenReview";
}

internal sealed record TokenReviewBodyStatus
{
    public bool Authenticated { get; init; }
    public TokenReviewBodyUser? User { get; init; }
    public IReadOnlyList<string>? Audiences { get; init; }
    public string? Error { get; init; }
}

internal sealed record TokenReviewBodyUser
{
    public string? Username { get; init; }
    public string? Uid { get; init; }
    public IReadOnlyList<string>? Groups { get; init; }
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }
}

/// <summary>What the client itself sends and reads.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeleteOptions))]
[JsonSerializable(typeof(TokenReviewBody))]
internal sealed partial class ClientJson : JsonSerializerContext;
