using System.Net.Sockets;
using System.Security.Cryptography;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Model.State;
using Ambient.Transport;
using Ambient.Ztunnel.Dns.Forwarding;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Dns;

/// <summary>What the DNS proxies of all pods share, and how one is made.</summary>
internal sealed class DnsProxies(
    DnsSettings settings, ResolverConfiguration resolvers, MeshState mesh, IDnsMetrics metrics, ILogger<DnsProxy> logger)
{
    /// <summary>Makes the proxy of one pod; it listens once started.</summary>
    /// <param name="sockets">Makes sockets towards upstreams in the pod's network namespace.</param>
    public DnsProxy Create(EventLoop loop, IDnsClientSource client, UpstreamSocketFactory sockets)
    {
        var journal = new DnsJournal(metrics, logger);
        var responder = new DnsResponder(settings, mesh, journal, new Random(RandomNumberGenerator.GetInt32(int.MaxValue)));
        return new(loop, new(loop, settings, client, responder, journal, new(resolvers, sockets)));
    }
}

/// <summary>The DNS proxy of one pod, on one loop. Its methods may be called from any thread.</summary>
internal sealed class DnsProxy
{
    private readonly EventLoop _loop;
    private readonly DnsService _service;
    private readonly AddressLookup _lookup;
    private readonly List<AcceptLoop> _acceptors = [];
    private readonly List<DatagramListener> _listeners = [];

    public DnsProxy(EventLoop loop, DnsService service)
    {
        (_loop, _service) = (loop, service);
        _lookup = new(service);
    }

    /// <summary>Serves the pod on sockets bound in its network namespace, usually to 127.0.0.1:15053 and [::1]:15053.</summary>
    /// <param name="datagrams">Bound UDP sockets; taken over.</param>
    /// <param name="listeners">Listening TCP sockets; taken over.</param>
    /// <exception cref="LinuxException">A socket cannot be watched.</exception>
    public Task StartAsync(IReadOnlyList<Descriptor> datagrams, IReadOnlyList<Descriptor> listeners) => _loop.RunAsync(() =>
    {
        foreach (var datagram in datagrams)
        {
            var listener = new DatagramListener(_loop, DatagramSocket.Attach(_loop, datagram), _service);
            _listeners.Add(listener);
            _ = listener.RunAsync();
        }
        foreach (var listener in listeners)
            _acceptors.Add(AcceptLoop.Start(_loop, listener, Accepted));
        return ValueTask.CompletedTask;
    });

    /// <summary>Finds the addresses of a name as the pod would: from the mesh, or from the pod's upstream resolvers.</summary>
    /// <param name="host">A host name, in any case; a trailing dot is allowed.</param>
    /// <param name="preferred">The family whose addresses come first.</param>
    public Task<ResolvedAddresses> ResolveAsync(string host, AddressFamily preferred) =>
        _loop.RunAsync(() => _lookup.ResolveAsync(host, preferred));

    /// <summary>
    /// Stops listening once what is under way has been answered, at the deadline in any case. UDP is served until then: as long
    /// as the socket is open, the kernel gives it its share of the questions.
    /// </summary>
    /// <param name="deadline">Zero stops at once.</param>
    public Task StopAsync(TimeSpan deadline) => _loop.RunAsync(async () =>
    {
        foreach (var acceptor in _acceptors)
            acceptor.Dispose();

        var enough = new TaskCompletionSource();
        var timer = _loop.StartTimer(deadline, static enough => ((TaskCompletionSource)enough!).TrySetResult(), enough);
        await _service.Sessions.DrainAsync(deadline);
        await Task.WhenAny(_service.Outstanding.WhenEmptyAsync(), enough.Task);
        timer.Cancel();

        foreach (var listener in _listeners)
            listener.Dispose();
        _service.Dispose();
    });

    private void Accepted(Descriptor connection, SocketName peer)
    {
        if (_service.Sessions.Count >= TcpSession.MaxSessions)
        {
            connection.Dispose(); // the client sees a reset or an end, and asks again
            return;
        }
        try
        {
            var session = new TcpSession(_service, LoopSocket.Attach(_loop, connection));
            _service.Sessions.Add(session);
            _ = session.RunAsync();
        }
        catch (LinuxException)
        {
            // It could not be watched and has been closed: as above.
        }
    }
}
