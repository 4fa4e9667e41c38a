using System.Text.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>What controllers say about a route, one entry for each parent and controller.</summary>
public sealed record RouteStatus
{
    /// <summary>As they stand: other controllers' entries must survive unchanged, whatever is in them.</summary>
    public IReadOnlyList<JsonElement>? Parents { get; init; }
}
