using Ambient.Transport;
using Ambient.Ztunnel.Dns.Forwarding;

namespace Ambient.Ztunnel.Dns;

/// <summary>Where a pod's queries are forwarded to and by what.</summary>
internal sealed record DnsUpstreams(ResolverConfiguration Configuration, UpstreamSocketFactory Sockets);

/// <summary>What the listeners of one pod share. Belongs to one loop.</summary>
internal sealed class DnsService(
    EventLoop loop, DnsSettings settings, IDnsClientSource clients, DnsResponder responder, DnsJournal journal, DnsUpstreams upstreams)
    : IDisposable
{
    private DnsClient? _client;

    public EventLoop Loop => loop;
    public DnsJournal Journal => journal;
    public OutstandingQueries Outstanding { get; } = new();
    public ConnectionSet Sessions { get; } = new(loop);
    public UpstreamOrder Order { get; } = new(upstreams.Configuration, settings.RequestTimeout);
    public UpstreamSocketFactory Sockets => upstreams.Sockets;
    public UdpForwarder Udp => field ??= new(loop, Order, upstreams.Sockets);

    /// <inheritdoc cref="DnsResponder.Decide"/>
    public DnsAction Decide(ReadOnlySpan<byte> message, DnsTransport transport, Span<byte> into, out int length) =>
        responder.Decide(message, transport, Client(), into, out length);

    /// <summary>After <see cref="WaitForClientAsync"/>: a client that is still unknown is told so.</summary>
    public DnsAction DecideFinally(ReadOnlySpan<byte> message, DnsTransport transport, Span<byte> into, out int length)
    {
        var action = responder.Decide(message, transport, Client(), into, out length);
        if (action != DnsAction.AwaitClient)
            return action;
        length = responder.FailUnknownClient(message, transport, into);
        return DnsAction.Respond;
    }

    public async ValueTask WaitForClientAsync() => await clients.WaitAsync();

    /// <summary>Counts a request that is about to be forwarded.</summary>
    public DnsRequest BeginForwarding(ReadOnlySpan<byte> message, DnsTransport transport)
    {
        var request = DnsRequest.Of(message, transport, clients.Current);
        journal.Requested(request);
        journal.Forwarding(request);
        return request;
    }

    /// <summary>Answers a request for which there is no room.</summary>
    /// <returns>The length of the response.</returns>
    public int Overloaded(ReadOnlySpan<byte> message, DnsTransport transport, Span<byte> into)
    {
        var request = BeginForwarding(message, transport);
        journal.ForwardingEnded(request, message, TimeSpan.Zero, ForwardFailure.Overloaded);
        return DnsResponder.Fail(message, ForwardFailure.Overloaded.Reason, into);
    }

    public void Dispose() => Udp.Dispose();

    private DnsClient? Client()
    {
        var workload = clients.Current;
        if (!ReferenceEquals(workload, _client?.Workload))
            _client = workload is null ? null : new(workload, settings);
        return _client;
    }
}
