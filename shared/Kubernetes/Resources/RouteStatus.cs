using System.Text.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>What controllers say about a route, one entry for each parent and controller.</summary>
public sealed record RouteStatus
{
    /// <summary>As they stand: other controllers' entries must survive unchanged, whatever is in them. See <see cref="RouteParentStatus"/>.</summary>
    public IReadOnlyList<JsonElement>? Parents { get; init; }
}

/// <summary>One entry of <see cref="RouteStatus.Parents"/>.</summary>
public sealed record RouteParentStatus
{
    public ParentReference ParentRef { get => field ?? new(); init; }

    public string ControllerName { get => field ?? ""; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }
}
