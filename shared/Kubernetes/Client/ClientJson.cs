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

/// <summary>What the client itself sends and reads.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeleteOptions))]
internal sealed partial class ClientJson : JsonSerializerContext;
