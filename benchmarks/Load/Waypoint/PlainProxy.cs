using System.Net;
using Ambient.Http1.Heads;
using Ambient.HttpProxy;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Load.Results;
using Ambient.Transport;

namespace Ambient.Load.Waypoint;

/// <summary>The waypoint's HTTP engine as a plain reverse proxy: one thread, one route.</summary>
internal sealed class PlainProxy(IPEndPoint at, IPEndPoint server, UpstreamProtocol protocol) : IExchangeOwner
{
    private readonly UpstreamCluster _cluster = new("server", [new UpstreamEndpoint(server) { Protocol = protocol }]);

    public RouteDecision Route(RequestHead request) => RouteDecision.To(_cluster);

    public void Ended(RequestHead request, in ExchangeReport report) { }

    public void Attempted(RequestHead request, in AttemptReport report) { }

    public void Failed(Exception defect) => Progress.Say(defect.ToString());

    /// <summary>Serves until the process is ended.</summary>
    public async Task RunAsync()
    {
        using var loop = new EventLoop("proxy", TimeProvider.System) { UnhandledException = Failed };
        loop.Start();
        await loop.RunAsync(() =>
        {
            var options = HttpProxyOptions.Default;
            var proxy = new HttpProxyContext(new(loop, new TcpDialer(TimeSpan.FromSeconds(5), DescriptorReserve.OfProcess()), options), new Random(), options);
            var connections = new ConnectionSet(loop);
            var listener = ListeningSocket.Open(at, new() { NoDelay = true });
            AcceptLoop.Start(loop, listener, (descriptor, _) => HttpConnection.Start(LoopSocket.Attach(loop, descriptor), proxy, this, connections));
            return ValueTask.CompletedTask;
        });
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }
}
