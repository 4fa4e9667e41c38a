using System.Net;
using Ambient.Hbone.Client;
using Ambient.Hbone.Server;
using Ambient.Linux;
using Ambient.Transport;
using Ambient.Ztunnel.Outbound;
using Ambient.Ztunnel.Workers;

namespace Ambient.Ztunnel.Proxying;

/// <summary>One pod's share of one worker: its tunnels and connections there. On that worker only.</summary>
internal sealed class PodWorker(Pod pod, Worker worker, ProxyRules rules)
{
    public Pod Pod => pod;
    public Worker Worker => worker;
    public ProxyRules Rules => rules;
    public EventLoop Loop => worker.Loop;

    /// <summary>Makes tunnels as this pod.</summary>
    public TunnelDialer Dialer { get; } = new(rules.Identities, pod.Sockets.ForDial, rules.Tunnels);

    /// <summary>Tunnels that this pod opened.</summary>
    public TunnelPool Pool => field ??= new(worker.Loop, rules.Tunnels, Dialer) { PeerLeaving = Avoided.Add };

    /// <summary>Next hops that this pod should not be sent to for a while.</summary>
    public AvoidedHops Avoided { get; } = new(worker.Loop.Time);

    /// <summary>Tunnels that peers opened to this pod.</summary>
    public TunnelAcceptor Acceptor { get; } = new(worker.Loop, rules.Identities, rules.Tunnels);

    /// <summary>Connections that are being set up or carried.</summary>
    public ConnectionSet Connections { get; } = new(worker.Loop);

    /// <summary>A plain connection from the pod. Does not throw.</summary>
    /// <param name="source">Where it is to come from; null leaves that to the kernel.</param>
    public ValueTask<(LoopSocket?, ConnectFailure)> DialAsync(IPEndPoint to, TimeSpan limit, IPAddress? source = null)
    {
        var (socket, errno) = Open(to, source);
        if (errno == 0) return LoopSocket.ConnectAsync(Loop, socket!, to, limit);

        // An application that sees another address than the client's would judge by the wrong one.
        socket?.Dispose();
        return ValueTask.FromResult<(LoopSocket?, ConnectFailure)>((null, ConnectFailure.Of(errno)));
    }

    private (Descriptor?, int Errno) Open(IPEndPoint to, IPAddress? source)
    {
        try
        {
            return source is null ? (Pod.Sockets.ForDial(to), 0) : Pod.Sockets.ForDialFrom(source, to);
        }
        catch (LinuxException error)
        {
            return (null, error.Errno);
        }
    }
}
