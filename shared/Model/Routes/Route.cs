using Ambient.Model.Workloads;

namespace Ambient.Model.Routes;

/// <summary>What the user wrote. Where several kinds want the same requests, the first here wins.</summary>
public enum RouteKind : byte
{
    GrpcRoute,
    HttpRoute,
    TlsRoute,
    TcpRoute,

    /// <summary>Its matches are tried as listed; those of the others by <see cref="RoutePrecedence"/>.</summary>
    VirtualService,
}

/// <param name="Port">Of the service; 0 for all of its ports.</param>
public readonly record struct RouteParent(ServiceKey Service, ushort Port);

/// <summary>One object of the user that says where requests to services go. Immutable, equal by content.</summary>
/// <remarks>
/// Attached to a service of its own namespace it is for all clients (a producer route); to one of another namespace it is for the clients of
/// its own namespace only, and takes the place of the producer's routes for them (Gateway API, GEP-1426).
/// </remarks>
public sealed record Route
{
    public required RouteKind Kind { get; init; }

    public required string Namespace { get; init; }

    public required string Name { get; init; }

    public DateTimeOffset Created { get; init; }

    public EquatableArray<RouteParent> Parents { get; init; }

    public EquatableArray<RouteRule> Rules { get; init; }

    /// <summary>It is what a virtual service says of connections.</summary>
    public bool IsOfVirtualService { get; init; }

    /// <summary><c>kind/namespace/name</c>: the resource's name.</summary>
    public string Key => $"{Kind}/{Namespace}/{Name}";

    /// <summary>True if only clients of the route's own namespace are meant; see above. A virtual service is for all clients.</summary>
    public bool IsConsumerRouteFor(ServiceKey service) => Kind != RouteKind.VirtualService && !IsOfVirtualService && Namespace != service.Namespace;
}

/// <summary>What happens to requests that pass one of the matches.</summary>
/// <param name="Name">For logs; may be empty.</param>
/// <param name="Matches">Of which one must hold; none match nothing.</param>
public sealed record RouteRule(string Name, EquatableArray<RouteMatch> Matches, RouteAction Action);
