using Ambient.Http1.Heads;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Routing;

/// <summary>Decides where a request goes. Called on the worker for each request; must not block, and should not allocate.</summary>
public interface IRequestRouter
{
    /// <param name="request">Valid during the call.</param>
    RouteDecision Route(RequestHead request);
}

/// <summary>Where a request goes, or the answer that it gets instead.</summary>
/// <param name="Cluster">The servers; null if the request is answered with <paramref name="Status"/>.</param>
/// <param name="Plan">How patient and how persistent the route is.</param>
/// <param name="Status">Of the answer from here, 0 if there is a cluster.</param>
/// <param name="Why">A sentence for the client and the log.</param>
public readonly record struct RouteDecision(UpstreamCluster? Cluster, RoutePlan Plan, int Status, string Why)
{
    public static RouteDecision To(UpstreamCluster cluster, RoutePlan? plan = null) => new(cluster, plan ?? RoutePlan.Default, 0, "");

    /// <param name="status">400 to 599.</param>
    public static RouteDecision Refuse(int status, string why) => new(null, RoutePlan.Default, status, why);
}

/// <summary>How patient and how persistent a route is. Immutable; one object for all requests of a route.</summary>
public sealed record RoutePlan
{
    public static readonly RoutePlan Default = new();

    /// <summary>From the request's head to the end of the response, all attempts together; zero for none.</summary>
    public TimeSpan Timeout { get; init; }

    public RetryPolicy Retries { get; init; } = RetryPolicy.Default;
}
