using System.Text;
using Ambient.Http1;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Bodies;
using Ambient.HttpProxy.Downstreams;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;
using Ambient.Transport;

namespace Ambient.HttpProxy.Calls;

/// <summary>The client's side of an exchange that has no client: its request is made here, its answer thrown away.</summary>
/// <remarks>So it goes through the same connections, balancing, retries and limits as what clients send. On the loop only.</remarks>
public static class OwnCall
{
    /// <param name="timeout">For all of it.</param>
    /// <returns>How it went; fails only by a defect.</returns>
    public static async Task<ExchangeReport> SendAsync(EventLoop loop, HttpProxyContext proxy, UpstreamCluster cluster, OwnRequest request, TimeSpan timeout)
    {
        var call = new Client(proxy.Options.Limits, RouteDecision.To(cluster, new() { Name = "own", Retries = RetryPolicy.Default, Timeout = timeout }), request);
        try
        {
            await new Exchange(loop, proxy).RunAsync(call, call);
            return call.Report;
        }
        finally
        {
            call.Release();
        }
    }

    private sealed class Client : UnheardStream, IExchangeOwner, IBodySource
    {
        private readonly RequestHeadBuilder _head;
        private readonly FieldSection _none = new();
        private readonly RouteDecision _route;
        private readonly ReadOnlyMemory<byte> _body;
        private int _sent;

        public Client(Http1Limits limits, in RouteDecision route, OwnRequest request)
        {
            (_head, _route, _body) = (new(limits), route, request.Body);
            _head.Begin("POST"u8, Encoding.ASCII.GetBytes(request.Path), Encoding.ASCII.GetBytes(request.Authority));
            _head.Add("content-type"u8, Encoding.ASCII.GetBytes(request.ContentType));
            _head.Add("te"u8, "trailers"u8);
            _head.Complete(hasBody: true, _body.Length);
        }

        public ExchangeReport Report { get; private set; }

        public override RequestHead Request => _head.Head;

        public override IBodySource RequestBody => this;

        public void Release() => _head.Reset();

        RouteDecision IRequestRouter.Route(RequestHead request) => _route;

        void IExchangeObserver.Ended(RequestHead request, in ExchangeReport report) => Report = report;

        void IExchangeObserver.Attempted(RequestHead request, in AttemptReport report) { }

        void IExchangeObserver.Failed(Exception defect) { } // the caller of SendAsync gets it

        FieldSection IBodySource.Trailers => _none;

        Http1Error IBodySource.Error => default;

        MoveEnd IBodySource.MoveTo(IBodySink sink)
        {
            while (_sent < _body.Length)
            {
                if (sink.Room <= 0) return MoveEnd.Full;
                var piece = _body.Span.Slice(_sent, Math.Min(sink.Room, _body.Length - _sent));
                _sent += piece.Length;
                sink.Write(piece, ends: _sent == _body.Length);
            }

            return MoveEnd.Complete;
        }

        ValueTask IBodySource.WaitAsync() => default;

        void IBodySource.EndWait() { }
    }
}
