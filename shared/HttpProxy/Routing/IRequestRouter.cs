using System.Net;
using Ambient.Http1.Heads;

namespace Ambient.HttpProxy.Routing;

/// <summary>Decides where a request goes. Called on the worker for each request; must not block, and should not allocate.</summary>
public interface IRequestRouter
{
    /// <param name="request">Valid during the call.</param>
    RouteDecision Route(RequestHead request);
}

/// <summary>Where a request goes, or the answer that it gets instead.</summary>
/// <param name="Endpoint">The server; null if the request is answered with <paramref name="Status"/>.</param>
/// <param name="Status">Of the answer from here, 0 if there is an endpoint.</param>
/// <param name="Why">A sentence for the client and the log.</param>
/// <param name="Timeout">From the request's head to the end of the response; zero for none.</param>
public readonly record struct RouteDecision(IPEndPoint? Endpoint, int Status, string Why, TimeSpan Timeout)
{
    public static RouteDecision To(IPEndPoint endpoint, TimeSpan timeout = default) => new(endpoint, 0, "", timeout);

    /// <param name="status">400 to 599.</param>
    public static RouteDecision Refuse(int status, string why) => new(null, status, why, default);
}
