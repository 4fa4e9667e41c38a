using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Downstreams;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Messages;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.Transport;

namespace Ambient.HttpProxy.Mirrors;

/// <summary>A copy of a request on its way to another cluster: an exchange of its own whose answer nobody hears. It never delays or fails the request.</summary>
internal sealed class MirroredRequest : UnheardStream, IExchangeOwner
{
    private static readonly RoutePlan Plan = new() { Name = "mirror", Retries = RetryPolicy.None, Timeout = TimeSpan.FromSeconds(15) };

    private readonly HeadCopy _head;
    private readonly MirroredBody _body;
    private readonly UpstreamCluster _cluster;
    private readonly IExchangeOwner _owner;

    private MirroredRequest(EventLoop loop, HttpProxyContext proxy, UpstreamCluster cluster, IExchangeOwner owner)
    {
        (_head, _body, _cluster, _owner) = (new(proxy.Options.Limits), new(loop), cluster, owner);
    }

    /// <summary>The request's body goes here as well.</summary>
    public MirroredBody Body => _body;

    public override RequestHead Request => _head.Head;

    public override IBodySource RequestBody => _body;

    /// <summary>Starts a copy of <paramref name="request"/> as <paramref name="route"/> changes it.</summary>
    /// <param name="owner">Told of defects.</param>
    /// <returns>Null if it cannot be copied.</returns>
    public static MirroredRequest? Start(EventLoop loop, HttpProxyContext proxy, UpstreamCluster cluster, RequestHead request, in RouteDecision route, IExchangeOwner owner)
    {
        var mirror = new MirroredRequest(loop, proxy, cluster, owner);
        MessageForwarding.WriteRequest(mirror._head, request, route, attempt: 0, span: 0);
        if (!mirror._head.TryRead()) return null;
        if (!mirror.Request.Framing.HasBody) mirror._body.Complete();
        _ = mirror.RunAsync(new(loop, proxy));
        return mirror;
    }

    RouteDecision IRequestRouter.Route(RequestHead request) => RouteDecision.To(_cluster, Plan);

    void IExchangeObserver.Ended(RequestHead request, in ExchangeReport report) { }

    void IExchangeObserver.Attempted(RequestHead request, in AttemptReport report) { }

    void IExchangeObserver.Failed(Exception defect) => _owner.Failed(defect);

    private async Task RunAsync(Exchange exchange)
    {
        try
        {
            await exchange.RunAsync(this, this);
        }
        catch (Exception defect)
        {
            _owner.Failed(defect);
        }

        _body.Release();
        _head.Release();
    }
}
