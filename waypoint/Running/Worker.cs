using System.Net;
using Ambient.Hbone.Client;
using Ambient.Hbone.Server;
using Ambient.HttpProxy;
using Ambient.HttpProxy.Tracing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Linux.Sockets;
using Ambient.Tls;
using Ambient.Transport;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Routing;
using Ambient.Waypoint.Tcp;
using Ambient.Waypoint.Tracing;
using Ambient.Waypoint.Upstreams;

namespace Ambient.Waypoint.Running;

/// <summary>One thread that carries traffic, and what belongs to it. On its loop only, except the loop itself and counts.</summary>
internal sealed class Worker : IDisposable
{
    private static readonly OutgoingOptions Outgoing = new();
    private static readonly HttpProxyOptions HttpOptions = new() { WritesEnvoyFields = true };

    public Worker(EventLoop loop, WaypointRules rules, Random random)
    {
        (Loop, Rules, Random) = (loop, rules, random);
        var tunnels = rules.Options.Tunnels.ToHbone();
        Acceptor = new(loop, rules.Identities, tunnels);
        Dials = new(rules.Identities, NewSocket, tunnels);
        Tunnels = new(loop, tunnels, Dials);
        Connections = new(loop);
        Dialer = new(this);
        Upstreams = new(loop, Dialer, HttpOptions);
        Http = new(Upstreams, random, HttpOptions);
        Tracer = new(this);
    }

    public EventLoop Loop { get; }
    public WaypointRules Rules { get; }

    /// <summary>For balancing and percentages.</summary>
    public Random Random { get; }

    /// <summary>For requests and traces.</summary>
    public UniqueIds Ids { get; } = new();

    /// <summary>Tunnels that clients' node proxies opened to us.</summary>
    public TunnelAcceptor Acceptor { get; }

    /// <summary>Tunnels that we opened to servers' node proxies.</summary>
    public TunnelPool Tunnels { get; }

    /// <summary>Makes such tunnels, also within others.</summary>
    public TunnelDialer Dials { get; }

    public MeshDialer Dialer { get; }

    /// <summary>Connections to servers that carry requests.</summary>
    public UpstreamPool Upstreams { get; }

    /// <summary>What clients sent us, as it is carried.</summary>
    public ConnectionSet Connections { get; }

    /// <summary>What the engine's connections share.</summary>
    public HttpProxyContext Http { get; }

    public Tracer Tracer { get; }

    /// <summary>Connections for something that does not come here any more are asked to end after what is under way, and made to in the end. Any thread.</summary>
    public void Part(Func<DialledTarget, bool> isFor) => Loop.Post(() =>
    {
        Each(static connection => connection.BeginDrain());
        // Those that came in the meantime, from nodes that had not heard of it.
        Loop.StartTimer(TargetFinder.Farewell, _ => Each(static connection => connection.BeginDrain()), null);
        var deadline = TargetFinder.Farewell + Rules.Options.Drain.Deadline;
        Loop.StartTimer(deadline, _ => Each(static connection => connection.Expire()), null);
        Loop.StartTimer(deadline + ConnectionSet.LastWords, _ => Each(static connection => connection.Abort()), null);

        void Each(Action<ICarried> act)
        {
            foreach (var connection in Connections.ToArray())
                if (TargetOf(connection) is { } target && isFor(target) && !Rules.Targets.IsOurs(target)) act(connection);
        }
    });

    /// <summary>Ends the tunnels, in both directions, whose peer <paramref name="isRevoked"/> names. Any thread.</summary>
    public void CloseRevoked(Func<PeerIdentity, bool> isRevoked) => Loop.Post(() =>
    {
        Acceptor.CloseRevoked(isRevoked);
        Tunnels.CloseRevoked(isRevoked);
    });

    public void Dispose()
    {
        Loop.Post(Upstreams.Dispose);
        Loop.Dispose();
    }

    private static DialledTarget? TargetOf(ICarried connection) => connection switch
    {
        HttpConnection { Owner: ClientRequests requests } => requests.Destination,
        TcpConnection tcp => tcp.Destination,
        _ => null,
    };

    internal static Linux.Descriptor NewSocket(IPEndPoint to) => OutgoingSocket.Open(to.AddressFamily, Outgoing);
}
