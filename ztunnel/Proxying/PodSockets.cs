using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;
using Ambient.Ztunnel.Options;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Makes one pod's sockets: inside its network namespace and marked, so that the redirection rules leave them alone.</summary>
/// <remarks>Dialling sockets are made on worker threads, listening ones on any.</remarks>
internal sealed class PodSockets
{
    private readonly NetworkNamespace _netns;
    private readonly OutgoingOptions _outgoing;
    private readonly ListenOptions _listening;

    public PodSockets(NetworkNamespace netns, SocketSettings sockets, ListenerOptions listeners)
    {
        _netns = netns;
        _outgoing = new()
        {
            Mark = sockets.Mark ?? 0,
            KeepAlive = sockets.KeepAlive ? new(sockets.KeepAliveTime, sockets.KeepAliveInterval, sockets.KeepAliveProbes) : null,
            UserTimeout = sockets.UserTimeout,
        };
        _listening = new()
        {
            Mark = sockets.Mark ?? 0,
            NoDelay = true,
            KeepAlive = _outgoing.KeepAlive,
            UserTimeout = _outgoing.UserTimeout,
            SharePort = listeners.SharePorts,
            Transparent = listeners.OriginalSource switch
            {
                null => Transparency.IfPermitted,
                true => Transparency.Required,
                false => Transparency.Off,
            },
        };
    }

    /// <summary>An unconnected socket whose source address the kernel chooses.</summary>
    /// <exception cref="LinuxException">Out of descriptors, or the namespace is gone.</exception>
    public Descriptor ForDial(IPEndPoint to) => ForDial(to.AddressFamily);

    /// <inheritdoc cref="ForDial(IPEndPoint)"/>
    public Descriptor ForDial(AddressFamily family) => _netns.RunOnOwnedThread((this, family),
        static state => OutgoingSocket.Open(state.family, state.Item1._outgoing));

    /// <summary>A UDP socket for asking upstream resolvers.</summary>
    /// <exception cref="LinuxException">As <see cref="ForDial(IPEndPoint)"/>.</exception>
    public Descriptor ForDatagrams(AddressFamily family) => _netns.RunOnOwnedThread((this, family), static state =>
    {
        var socket = UdpSockets.Create(state.family);
        if (state.Item1._outgoing.Mark != 0) SocketOptions.Mark(socket, state.Item1._outgoing.Mark);
        return socket;
    });

    /// <summary>An unconnected socket that comes from <paramref name="source"/>, so that the application sees its real client.</summary>
    /// <returns>The socket, and the errno that kept it from having that address; 0 if it has it.</returns>
    /// <exception cref="LinuxException">As <see cref="ForDial(IPEndPoint)"/>.</exception>
    public (Descriptor Socket, int Errno) ForDialFrom(IPAddress source, IPEndPoint to)
    {
        var socket = ForDial(to);
        // A connection from the pod to itself would collide with the one it arrived on.
        if (source.AddressFamily != to.AddressFamily || source.Equals(to.Address)) return (socket, 0);
        return (socket, OutgoingSocket.TryBindSource(socket, source).Errno);
    }

    /// <summary>Runs <paramref name="open"/> inside the pod's namespace with the options of its listeners, which accepted connections inherit.</summary>
    /// <exception cref="LinuxException">A port is taken, or the namespace is gone.</exception>
    public T Listen<T>(Func<ListenOptions, T> open) => _netns.Run(() => open(_listening));
}
