using System.Buffers;
using Ambient.Transport;
using Ambient.Ztunnel.Dns.Forwarding;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns;

/// <summary>
/// One TCP connection of a client: any number of messages, answered as soon as each is ready (RFC 7766 §6.2.1). Ends when
/// the client does, or when nothing happens for a while. Belongs to one loop.
/// </summary>
internal sealed class TcpSession : ITcpClient, ICarried
{
    /// <summary>TCP connections that one pod may have open.</summary>
    public const int MaxSessions = 256;

    /// <summary>Requests that one client may have waiting; its further messages are read when there is room again.</summary>
    public const int MaxWaiting = 32;

    /// <summary>Messages taken before other work of the loop has its turn.</summary>
    private const int MaxPerTurn = 64;

    /// <summary>Checks without anything happening after which an idle connection is closed, and a stuck one is aborted.</summary>
    private const int IdleChecks = 10, StuckChecks = 5;

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly DnsService _service;
    private readonly MessageStream _stream;
    private readonly TcpForwarder _forwarder;
    private readonly LoopTimer _check;
    private uint _progress;
    private int _quietChecks, _waiting;
    private bool _ending, _ended;
    private TaskCompletionSource? _room;

    /// <param name="socket">Taken over.</param>
    public TcpSession(DnsService service, LoopSocket socket)
    {
        (_service, _stream) = (service, new(socket));
        _forwarder = new(service.Loop, service.Order, service.Sockets, this);
        _check = new(service.Loop, static session => ((TcpSession)session!).Check(), this);
    }

    /// <summary>Serves the connection to its end.</summary>
    public async Task RunAsync()
    {
        _check.Start(CheckInterval);
        for (var taken = 1; !_ending && await _stream.ReadAsync() is { } message; taken++)
        {
            if (message.Length < DnsHeader.Size)
                break; // not DNS: there is no identifier to answer to
            Serve(message.Span);
            await WaitForRoomAsync();
            if (taken % MaxPerTurn == 0)
                await _service.Loop.Yield();
        }
        await EndAsync();
    }

    /// <summary>Takes no more requests; what is under way is answered.</summary>
    public void BeginDrain()
    {
        _ending = true;
        _ = EndAsync();
    }

    public void Abort()
    {
        _stream.Abort();
        End();
    }

    void ITcpClient.Relay(ReadOnlySpan<byte> message) => _stream.Send(message);

    Task ITcpClient.WaitForRoomAsync() => _stream.WaitForRoomAsync();

    void ITcpClient.Close() => _ = EndAsync();

    void ITcpClient.Ended(TcpQuery query, ForwardFailure? failure)
    {
        var message = query.Message.Span;
        _service.Journal.ForwardingEnded(query.Request, message, _service.Loop.Time.GetElapsedTime(query.Received), failure);
        if (failure is not null)
        {
            Span<byte> response = stackalloc byte[Edns.MinPayloadSize];
            _stream.Send(response[..DnsResponder.Fail(message, failure.Reason, response)]);
        }
        Leave(message.Length);
    }

    private void Serve(ReadOnlySpan<byte> message)
    {
        var response = ArrayPool<byte>.Shared.Rent(DnsResponder.MaxResponse);
        var action = _service.Decide(message, DnsTransport.Tcp, response, out var length);
        if (action is DnsAction.Forward or DnsAction.AwaitClient)
        {
            if (_service.Outstanding.TryEnter(message.Length))
                Defer(message, action);
            else
                (action, length) = (DnsAction.Respond, _service.Overloaded(message, DnsTransport.Tcp, response));
        }
        if (action == DnsAction.Respond)
            _stream.Send(response.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(response);
    }

    private void Defer(ReadOnlySpan<byte> message, DnsAction action)
    {
        _waiting++;
        var copy = PooledMessage.Copy(message);
        if (action == DnsAction.Forward)
            Forward(copy);
        else
            _ = ServeAwaitedAsync(copy);
    }

    private void Forward(PooledMessage message)
    {
        _ = DnsHeader.TryRead(message.Span, out var header);
        var request = _service.BeginForwarding(message.Span, DnsTransport.Tcp);
        _forwarder.Forward(new(message, header, request, _service.Loop.Time.GetTimestamp()));
    }

    private async Task ServeAwaitedAsync(PooledMessage message)
    {
        await _service.WaitForClientAsync();
        var response = ArrayPool<byte>.Shared.Rent(DnsResponder.MaxResponse);
        var action = _service.DecideFinally(message.Span, DnsTransport.Tcp, response, out var length);
        if (action == DnsAction.Respond)
            _stream.Send(response.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(response);
        if (action == DnsAction.Forward && !_ended)
        {
            Forward(message);
            return;
        }
        Leave(message.Length);
        message.Dispose();
    }

    private void Leave(int bytes)
    {
        _service.Outstanding.Leave(bytes);
        _waiting--;
        GiveRoom();
    }

    private void GiveRoom()
    {
        var waiting = _room;
        _room = null;
        waiting?.TrySetResult();
    }

    // A client that does not read its answers, or has too many waiting, is read no further.
    private async ValueTask WaitForRoomAsync()
    {
        await _stream.WaitForRoomAsync();
        while (_waiting >= MaxWaiting && !_ended)
            await (_room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    private async Task EndAsync()
    {
        _ending = true;
        while (_waiting > 0 && !_ended)
            await (_room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        if (_ended)
            return;
        _stream.FinishSending();
        await _stream.FlushAsync();
        End();
    }

    private void End()
    {
        if (_ended)
            return;
        _ended = _ending = true;
        _check.Cancel();
        _stream.Dispose();
        _forwarder.Dispose();
        GiveRoom();
        _service.Sessions.Remove(this);
    }

    private void Check()
    {
        _forwarder.Expire();
        _quietChecks = _progress == _stream.Progress ? _quietChecks + 1 : 0;
        _progress = _stream.Progress;
        if (_quietChecks >= StuckChecks && (_stream.IsInsideMessage || _stream.UnsentBytes > 0))
            Abort();
        else if (_quietChecks >= IdleChecks && _waiting == 0)
            End();
        else
            _check.Start(CheckInterval);
    }
}
