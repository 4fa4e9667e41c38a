using System.Net;
using Ambient.Hbone.Client;
using Ambient.Hbone.Server;
using Ambient.HttpProxy;
using Ambient.HttpProxy.Upstreams;
using Ambient.Linux.Sockets;
using Ambient.Transport;
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
        Tunnels = new(loop, tunnels, new TunnelDialer(rules.Identities, NewSocket, tunnels));
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

    /// <summary>Tunnels that clients' node proxies opened to us.</summary>
    public TunnelAcceptor Acceptor { get; }

    /// <summary>Tunnels that we opened to servers' node proxies.</summary>
    public TunnelPool Tunnels { get; }

    public MeshDialer Dialer { get; }

    /// <summary>Connections to servers that carry requests.</summary>
    public UpstreamPool Upstreams { get; }

    /// <summary>What clients sent us, as it is carried.</summary>
    public ConnectionSet Connections { get; }

    /// <summary>What the engine's connections share.</summary>
    public HttpProxyContext Http { get; }

    public Tracer Tracer { get; }

    public void Dispose()
    {
        Loop.Post(Upstreams.Dispose);
        Loop.Dispose();
    }

    internal static Linux.Descriptor NewSocket(IPEndPoint to) => OutgoingSocket.Open(to.AddressFamily, Outgoing);
}
