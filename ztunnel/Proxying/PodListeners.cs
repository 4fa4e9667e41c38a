using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Ztunnel.Options;

namespace Ambient.Ztunnel.Proxying;

/// <summary>A pod's listening sockets, all or none of them open. Owned by whoever holds this until they are taken over.</summary>
internal sealed class PodListeners : IDisposable
{
    public Descriptor? Outbound { get; private set; }
    public Descriptor? Passthrough { get; private set; }
    public Descriptor? Hbone { get; private set; }
    public Descriptor? Socks { get; private set; }
    public List<Descriptor> DnsDatagrams { get; } = [];
    public List<Descriptor> DnsStreams { get; } = [];

    /// <summary>The kernel lets us keep the client's address: the option took on the listener that inbound connections come from.</summary>
    public bool IsTransparent => Hbone is not null && SocketOptions.IsTransparent(Hbone);

    /// <summary>Binds everything that the options ask for, in the pod's namespace.</summary>
    /// <exception cref="LinuxException">A port is taken; nothing is left open.</exception>
    public static PodListeners Open(PodSockets sockets, ListenerOptions listeners, DnsOptions dns, bool proxies) => sockets.Listen(options =>
    {
        var opened = new PodListeners();
        try
        {
            if (proxies) opened.OpenProxy(options, listeners);
            if (dns.Enabled) opened.OpenDns(options, dns, listeners.IPv6);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    });

    /// <summary>Only the tunnel's port: what the node proxy serves for itself.</summary>
    public static PodListeners OpenHbone(PodSockets sockets, ListenerOptions listeners) => sockets.Listen(options =>
        new PodListeners { Hbone = ListeningSocket.Open(Any(listeners.IPv6, ListenerOptions.HbonePort), options) });

    public void Dispose()
    {
        foreach (var socket in DnsDatagrams.Concat(DnsStreams)) socket.Dispose();
        Outbound?.Dispose();
        Passthrough?.Dispose();
        Hbone?.Dispose();
        Socks?.Dispose();
    }

    private void OpenProxy(ListenOptions options, ListenerOptions listeners)
    {
        Outbound = ListeningSocket.Open(Any(listeners.IPv6, ListenerOptions.OutboundPort), options);
        Passthrough = ListeningSocket.Open(Any(listeners.IPv6, ListenerOptions.PassthroughPort), options);
        Hbone = ListeningSocket.Open(Any(listeners.IPv6, ListenerOptions.HbonePort), options);
        if (listeners.Socks) Socks = ListeningSocket.Open(new(IPAddress.Loopback, ListenerOptions.SocksPort), options);
    }

    private void OpenDns(ListenOptions options, DnsOptions dns, bool ipv6)
    {
        foreach (var at in DnsAddresses(dns, ipv6))
        {
            DnsDatagrams.Add(OpenDatagram(at, options));
            DnsStreams.Add(ListeningSocket.Open(at, options with { Transparent = Transparency.Off, V6Only = true }));
        }
    }

    private static Descriptor OpenDatagram(IPEndPoint at, ListenOptions options)
    {
        var socket = UdpSockets.Create(at.AddressFamily);
        try
        {
            if (at.AddressFamily == AddressFamily.InterNetworkV6) SocketOptions.V6Only(socket, true);
            if (options.SharePort) SocketOptions.ReusePort(socket);
            if (options.Mark != 0) SocketOptions.Mark(socket, options.Mark);
            UdpSockets.TryBind(socket, at).OrThrow($"bind({at}, udp)");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IEnumerable<IPEndPoint> DnsAddresses(DnsOptions dns, bool ipv6)
    {
        if (dns.ListenAddress is { } only) return [new(only, dns.Port)];
        return ipv6 && LoopbackIPv6.IsEnabled()
            ? [new(IPAddress.Loopback, dns.Port), new(IPAddress.IPv6Loopback, dns.Port)]
            : [new(IPAddress.Loopback, dns.Port)];
    }

    private static IPEndPoint Any(bool ipv6, int port) => new(ipv6 ? IPAddress.IPv6Any : IPAddress.Any, port);
}
