using System.Net;
using Ambient.Http1.Heads;

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
}

/// <summary>One exchange, when it is over.</summary>
/// <param name="Status">What the client was answered; 0 if it went before.</param>
/// <param name="Endpoint">The server of the last attempt; null if none was chosen.</param>
/// <param name="Duration">From the request's head to the end of the response.</param>
/// <param name="Attempts">Servers tried.</param>
public readonly record struct ExchangeReport(int Status, ExchangeFlag Flag, IPEndPoint? Endpoint, TimeSpan Duration, int Attempts);

/// <summary>Told of each exchange, on its worker.</summary>
public interface IExchangeObserver
{
    /// <param name="request">Valid during the call.</param>
    void Ended(RequestHead request, in ExchangeReport report);

    /// <summary>A defect of ours ended a connection.</summary>
    void Failed(Exception defect);
}
