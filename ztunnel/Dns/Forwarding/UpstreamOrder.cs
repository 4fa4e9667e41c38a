using System.Net;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>Which upstreams a query tries, in which order and for how long; touched by one loop only.</summary>
/// <param name="requestTimeout">What one query may take in all, however many upstreams it tries.</param>
internal sealed class UpstreamOrder(ResolverConfiguration configuration, TimeSpan requestTimeout)
{
    private int _turn;

    public TimeSpan RequestTimeout => requestTimeout;

    /// <summary>How long one upstream is waited for over TCP, where only one is asked at a time: an equal share for each.</summary>
    public TimeSpan PatienceOverTcp => requestTimeout / Math.Max(1, configuration.Upstreams.Count);

    /// <summary>Each upstream once; the first is the next in turn if the configuration says "rotate".</summary>
    public IPEndPoint[] Take()
    {
        var upstreams = configuration.Upstreams;
        var first = configuration.Rotate && upstreams.Count > 0 ? _turn++ % upstreams.Count : 0;
        if (_turn == int.MaxValue)
            _turn = 0;
        return [.. upstreams.Skip(first), .. upstreams.Take(first)];
    }

    /// <summary>How often a query is sent at most.</summary>
    /// <remarks>
    /// An UPDATE that got lost is not sent again by us: it may have been applied, and its sender knows better when to repeat.
    /// It still goes to the next upstream if one cannot be reached at all.
    /// </remarks>
    public int TriesFor(Opcode opcode) =>
        configuration.Upstreams.Count * (opcode == Opcode.Query ? configuration.Attempts : 1);

    /// <summary>How long to wait before the next upstream is asked as well: an equal share of the time, or what the configuration says.</summary>
    public TimeSpan PatienceFor(Opcode opcode)
    {
        if (opcode != Opcode.Query)
            return requestTimeout;
        var share = requestTimeout / Math.Max(1, TriesFor(opcode));
        return share < configuration.Timeout ? share : configuration.Timeout;
    }
}
