using Ambient.Http1.Heads;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tracing;
using Ambient.HttpProxy.Upstreams;

namespace Ambient.HttpProxy.Exchanges;

/// <summary>Why an exchange did not go its ordinary way: a closed set, for logs and metrics. Named as in Envoy's response flags where it has one.</summary>
public enum ExchangeFlag : byte
{
    None,

    /// <summary>The router answered.</summary>
    LocalReply,

    /// <summary>UH: the cluster has no server.</summary>
    NoServer,

    /// <summary>UF: no connection to the server.</summary>
    UpstreamConnectFailed,

    /// <summary>UC: the server's connection ended before its response was whole.</summary>
    UpstreamEnded,

    /// <summary>UPE: the server's response could not be read safely.</summary>
    UpstreamRefused,

    /// <summary>UT: the route's time was over.</summary>
    TimedOut,

    /// <summary>DC: the client went away.</summary>
    DownstreamEnded,

    /// <summary>DPE: the client's request could not be read safely.</summary>
    DownstreamRefused,

    /// <summary>NR: no route matches.</summary>
    NoRoute,

    /// <summary>NC: the route leads to a place that does not exist.</summary>
    NoCluster,

    /// <summary>UO: the cluster has as many requests or connections as it may have.</summary>
    Overflow,

    /// <summary>OM: the proxy has no descriptor left for a connection to the server; or descriptors or memory ran short while the client was waited for.</summary>
    Overloaded,

    /// <summary>FI: the route's fault was drawn.</summary>
    FaultInjected,

    /// <summary>RL: the route's limit is reached.</summary>
    RateLimited,

    /// <summary>A policy refuses the request; Envoy has no flag for it.</summary>
    Denied,

    /// <summary>It was not over when the proxy was; Envoy has no flag for it.</summary>
    Drained,
}

/// <summary>What happened on the way beside why it ended.</summary>
[Flags]
public enum ExchangeMarks : byte
{
    None = 0,

    /// <summary>DI: the route's delay was drawn.</summary>
    Delayed = 1,

    /// <summary>URX: the last attempt would have been worth another, and there are no more.</summary>
    RetriesExhausted = 2,
}

/// <summary>One exchange, when it is over.</summary>
/// <param name="Status">What the client was answered; 0 if it went before.</param>
/// <param name="Endpoint">The server of the last attempt; null if none was chosen.</param>
/// <param name="Cluster">Where the request was to go; null if it was answered here.</param>
/// <param name="Plan">Of its route.</param>
/// <param name="Duration">From the request's head to the end of the response.</param>
/// <param name="Attempts">Servers tried.</param>
public readonly record struct ExchangeReport(
    int Status, ExchangeFlag Flag, UpstreamEndpoint? Endpoint, UpstreamCluster? Cluster, RoutePlan Plan, TimeSpan Duration, int Attempts)
{
    public ExchangeMarks Marks { get; init; }

    /// <summary>One word for logs, closer than <see cref="Flag"/>; null if there is none.</summary>
    public string? Details { get; init; }

    /// <summary>What came from the client.</summary>
    public MessageSize Request { get; init; }

    /// <summary>What went to the client.</summary>
    public MessageSize Response { get; init; }

    /// <summary>From the beginning of the attempt that was answered to the head of its response; null without one.</summary>
    public TimeSpan? ServiceTime { get; init; }

    /// <summary>Made for a request that had none.</summary>
    public Guid? RequestId { get; init; }

    public RequestTrace Trace { get; init; }

    /// <summary>The request is one of gRPC.</summary>
    public bool IsGrpc { get; init; }

    /// <summary>What a client of gRPC makes of the answer: what its trailers or its head say, else what its status stands for. -1 without an answer, and for other requests.</summary>
    public int GrpcStatus { get; init; } = -1;
}

/// <summary>One attempt of a recorded request, when it is over.</summary>
/// <param name="Number">1 for the first.</param>
/// <param name="Cluster">Where the request was to go.</param>
/// <param name="Status">Of the server's answer; 0 without one.</param>
/// <param name="Flag">Why it did not end well.</param>
/// <param name="Duration">To its failure, or to the end of the response if that was passed on.</param>
/// <param name="Trace">Of the request.</param>
/// <param name="Span">Of the attempt: the server's parent.</param>
public readonly record struct AttemptReport(
    int Number, UpstreamEndpoint Endpoint, UpstreamCluster Cluster, int Status, ExchangeFlag Flag, TimeSpan Duration, RequestTrace Trace, ulong Span);

/// <summary>Told of each exchange, on its worker.</summary>
public interface IExchangeObserver
{
    /// <param name="request">Valid during the call.</param>
    void Ended(RequestHead request, in ExchangeReport report);

    /// <summary>Called for each attempt of a request that is recorded in a trace, before <see cref="Ended"/>.</summary>
    /// <param name="request">Valid during the call.</param>
    void Attempted(RequestHead request, in AttemptReport report);

    /// <summary>A defect of ours ended a connection.</summary>
    void Failed(Exception defect);
}
