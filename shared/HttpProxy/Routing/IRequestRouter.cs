using Ambient.Http1.Heads;

namespace Ambient.HttpProxy.Routing;

/// <summary>Decides where a request goes. Called on the worker for each request; must not block, and should not allocate.</summary>
public interface IRequestRouter
{
    /// <param name="request">Valid during the call.</param>
    RouteDecision Route(RequestHead request);
}
