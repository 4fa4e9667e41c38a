using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Gateway API: a waypoint, an east-west gateway, or any other.</summary>
public sealed record Gateway : KubernetesObject
{
    public GatewaySpec? Spec { get; init; }

    public GatewayStatus? Status { get; init; }
}

public sealed record GatewaySpec
{
    public string GatewayClassName { get => field ?? ""; init; }

    public IReadOnlyList<GatewayListener>? Listeners { get; init; }

    public IReadOnlyList<GatewayEndpoint>? Addresses { get; init; }

    public GatewayInfrastructure? Infrastructure { get; init; }

    /// <summary>About gateways at the edge; only whether it is there is asked. The same holds for those below.</summary>
    public JsonElement? Tls { get; init; }

    /// <summary>The older form of a part of <see cref="Tls"/>.</summary>
    [JsonPropertyName("backendTLS")]
    public JsonElement? BackendTls { get; init; }

    public JsonElement? AllowedListeners { get; init; }
}

/// <summary>For what a controller makes to run the gateway.</summary>
public sealed record GatewayInfrastructure
{
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public ParametersReference? ParametersRef { get; init; }
}

public sealed record ParametersReference
{
    /// <summary>Empty for the core group.</summary>
    public string Group { get => field ?? ""; init; }

    public string Kind { get => field ?? ""; init; }

    public string Name { get => field ?? ""; init; }

    /// <summary>Of a class's parameters only: a gateway's are in its own namespace.</summary>
    public string? Namespace { get; init; }
}

public sealed record GatewayListener
{
    public string Name { get => field ?? ""; init; }

    public string? Hostname { get; init; }

    public int Port { get; init; }

    /// <summary>Case matters: <c>HBONE</c>, <c>HTTP</c>, <c>HTTPS</c>, <c>TLS</c>, <c>TCP</c>, <c>PROXY</c>.</summary>
    public string Protocol { get => field ?? ""; init; }

    public ListenerTls? Tls { get; init; }

    public AllowedRoutes? AllowedRoutes { get; init; }
}

public sealed record ListenerTls
{
    /// <summary><c>Terminate</c> (when absent) or <c>Passthrough</c>.</summary>
    public string? Mode { get; init; }
}

public sealed record AllowedRoutes
{
    public RouteNamespaces? Namespaces { get; init; }

    /// <summary>Null: those that go with the listener's protocol.</summary>
    public IReadOnlyList<RouteKind>? Kinds { get; init; }
}

public sealed record RouteNamespaces
{
    /// <summary><c>Same</c> (when absent), <c>All</c> or <c>Selector</c>.</summary>
    public string? From { get; init; }

    public LabelSelector? Selector { get; init; }
}

public sealed record GatewayEndpoint
{
    /// <summary><c>IPAddress</c> (when absent) or <c>Hostname</c>.</summary>
    public string? Type { get; init; }

    public string Value { get => field ?? ""; init; }
}

public sealed record GatewayStatus
{
    public IReadOnlyList<GatewayEndpoint>? Addresses { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }

    public IReadOnlyList<ListenerStatus>? Listeners { get; init; }
}

public sealed record ListenerStatus
{
    public string Name { get => field ?? ""; init; }

    public int AttachedRoutes { get; init; }

    public IReadOnlyList<RouteKind> SupportedKinds { get => field ?? []; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }
}

public sealed record RouteKind
{
    public string? Group { get; init; }

    public string Kind { get => field ?? ""; init; }
}

public sealed record GatewayClass : KubernetesObject
{
    public GatewayClassSpec? Spec { get; init; }

    public GatewayClassStatus? Status { get; init; }
}

public sealed record GatewayClassSpec
{
    /// <summary>Who implements it: <c>domain/path</c>. Cannot be changed.</summary>
    public string ControllerName { get => field ?? ""; init; }

    public ParametersReference? ParametersRef { get; init; }

    public string? Description { get; init; }
}

public sealed record GatewayClassStatus
{
    public IReadOnlyList<Condition>? Conditions { get; init; }

    /// <summary>In alphabetical order.</summary>
    public IReadOnlyList<SupportedFeature>? SupportedFeatures { get; init; }
}

public sealed record SupportedFeature
{
    public string Name { get => field ?? ""; init; }
}

/// <summary>A status of which only the conditions concern us.</summary>
public sealed record ConditionedStatus
{
    /// <summary>Without those that are null: some schemas of statuses let anything pass.</summary>
    public IReadOnlyList<Condition>? Conditions { get; init => field = value?.OfType<Condition>().ToList(); }
}
