using System.Net;
using Ambient.Linux;
using Ambient.Transport;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>
/// Relays what one client connection sends over one upstream connection at a time, in both directions as it is. Answers come
/// in any order (RFC 7766 §6.2.1.1). If the upstream hangs up, questions without an answer are asked again, at the next one.
/// </summary>
internal sealed class TcpForwarder(EventLoop loop, UpstreamOrder order, UpstreamSocketFactory sockets, ITcpClient client) : IDisposable
{
    /// <summary>Zone transfers of one connection whose later messages we still recognise.</summary>
    private const int MaxTransfers = 8;

    private readonly List<TcpQuery> _waiting = [];
    private readonly Queue<ushort> _transfers = new();
    private MessageStream? _upstream;
    private bool _running, _disposed;
    private long _heard; // when the upstream was connected or last sent a message

    /// <summary>Queries without an answer yet.</summary>
    public int Waiting => _waiting.Count;

    /// <param name="query">Taken over; <see cref="ITcpClient.Ended"/> follows.</param>
    public void Forward(TcpQuery query)
    {
        _waiting.Add(query);
        if (_upstream is { } upstream)
            Send(upstream, query);
        else if (!_running)
            _ = RunAsync();
    }

    /// <summary>Ends queries that have waited too long; to be called about once a second.</summary>
    public void Expire()
    {
        // What a silent upstream leaves unanswered is asked again elsewhere, while there is time.
        if (IsSilent) _upstream?.Abort();
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            var query = _waiting[i];
            if (loop.Time.GetElapsedTime(query.Received) < order.RequestTimeout)
                continue;
            client.Ended(query, ForwardFailure.TimedOut);
            Remove(query);
        }
    }

    /// <summary>The upstream owes an answer, and has said nothing for as long as it is waited for.</summary>
    private bool IsSilent
    {
        get
        {
            var mayMove = _transfers.Count == 0 && _waiting.TrueForAll(static query => query.MayBeSent);
            var patience = mayMove ? order.PatienceOverTcp : order.RequestTimeout;
            return _waiting.Exists(query => query.Sent is { } sent && loop.Time.GetElapsedTime(Math.Max(_heard, sent)) >= patience);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _upstream?.Abort();
        FailAll(ForwardFailure.Stopped);
    }

    private async Task RunAsync()
    {
        _running = true;
        var upstreams = order.Take();
        var (failures, failure) = (0, upstreams is [] ? ForwardFailure.NoUpstream : ForwardFailure.Unreachable);
        while (_waiting.Count > 0 && !_disposed && failures < order.TriesFor(Opcode.Query))
        {
            var (socket, reason) = await ConnectAsync(upstreams[failures % upstreams.Length]);
            failure = reason ?? failure;
            var helped = socket is not null && await ServeAsync(new(socket));
            failures = helped ? 0 : failures + 1;
        }
        _running = false;
        FailAll(failure);
    }

    private async ValueTask<(LoopSocket?, ForwardFailure?)> ConnectAsync(IPEndPoint upstream)
    {
        try
        {
            var descriptor = await sockets(DnsTransport.Tcp, upstream.AddressFamily);
            await loop.SwitchTo();
            var (socket, failure) = await LoopSocket.ConnectAsync(loop, descriptor, upstream, order.PatienceFor(Opcode.Query));
            return (socket, failure.Kind == ConnectFailureKind.None ? null : ForwardFailure.Unreachable);
        }
        catch (LinuxException)
        {
            await loop.SwitchTo();
            return (null, ForwardFailure.NoSocket);
        }
    }

    /// <returns>True if the upstream answered anything before it ended.</returns>
    private async ValueTask<bool> ServeAsync(MessageStream upstream)
    {
        using var connection = upstream;
        if (_disposed)
            return false;
        (_upstream, _heard) = (upstream, loop.Time.GetTimestamp());
        for (var i = 0; i < _waiting.Count; i++)
            Send(upstream, _waiting[i]);

        var helped = false;
        while (await upstream.ReadAsync() is { } reply)
        {
            _heard = loop.Time.GetTimestamp();
            helped |= Received(reply.Span);
            await client.WaitForRoomAsync();
        }
        _upstream = null;
        GiveUpUnrepeatable();
        return helped;
    }

    private bool Received(ReadOnlySpan<byte> reply)
    {
        foreach (var query in _waiting)
        {
            if (!query.IsAnsweredBy(reply))
                continue;
            Complete(query, reply);
            Remove(query);
            return true;
        }
        if (!DnsHeader.TryRead(reply, out var header) || !header.IsResponse || !_transfers.Contains(header.Id))
            return false; // nobody asked
        client.Relay(reply);
        return true;
    }

    private void Complete(TcpQuery query, ReadOnlySpan<byte> reply)
    {
        if (query.IsTransfer)
        {
            if (_transfers.Count == MaxTransfers)
                _transfers.Dequeue();
            _transfers.Enqueue(query.Header.Id);
        }
        client.Relay(reply);
        client.Ended(query, null);
    }

    // Nobody can tell how far a transfer got or whether an UPDATE was applied: the client decides what to do.
    private void GiveUpUnrepeatable()
    {
        if (_transfers.Count > 0)
        {
            client.Close();
            _transfers.Clear();
        }
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            var query = _waiting[i];
            if (query.MayBeSent)
                continue;
            client.Ended(query, ForwardFailure.Unreachable);
            Remove(query);
        }
    }

    private void FailAll(ForwardFailure failure)
    {
        foreach (var query in _waiting.ToArray())
        {
            client.Ended(query, failure);
            Remove(query);
        }
    }

    private void Send(MessageStream upstream, TcpQuery query)
    {
        query.Sent = loop.Time.GetTimestamp();
        upstream.Send(query.Message.Span);
    }

    private void Remove(TcpQuery query)
    {
        if (_waiting.Remove(query))
            query.Dispose();
    }
}
