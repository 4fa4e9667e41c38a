using System.Buffers;
using Ambient.Linux.Sockets;
using Ambient.Transport;
using Ambient.Ztunnel.Dns.Forwarding;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns;

/// <summary>Serves the UDP questions that arrive on one socket. Belongs to one loop.</summary>
/// <param name="socket">Taken over.</param>
internal sealed class DatagramListener(EventLoop loop, DatagramSocket socket, DnsService service) : IDisposable
{
    private const int MaxDatagram = 65_536;

    /// <summary>Datagrams taken before other work of the loop has its turn.</summary>
    private const int MaxPerTurn = 64;

    private bool _disposed;

    /// <summary>Where it listens.</summary>
    public SocketName LocalName => socket.LocalName;

    /// <summary>Serves until disposed.</summary>
    public async Task RunAsync()
    {
        while (!_disposed)
        {
            await socket.WaitReadableAsync();
            while (!_disposed && TakeSome())
                await loop.Yield();
        }
    }

    /// <summary>Takes what has arrived, then closes: what the kernel had accepted for us would be lost otherwise.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        TakeSome();
        _disposed = true;
        socket.Dispose();
    }

    /// <returns>True if there may be more.</returns>
    private bool TakeSome()
    {
        var (message, response) = (ArrayPool<byte>.Shared.Rent(MaxDatagram), ArrayPool<byte>.Shared.Rent(DnsResponder.MaxResponse));
        try
        {
            for (var i = 0; i < MaxPerTurn; i++)
            {
                var received = socket.TryReceive(message, out var client, out _);
                if (received.Status == IoStatus.WouldBlock || _disposed)
                    return false;
                if (received.Status == IoStatus.Done)
                    Serve(message.AsSpan(0, received.Bytes), client, response);
            }
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(message);
            ArrayPool<byte>.Shared.Return(response);
        }
    }

    private void Serve(ReadOnlySpan<byte> message, SocketName client, Span<byte> response)
    {
        var action = service.Decide(message, DnsTransport.Udp, response, out var length);
        if (action == DnsAction.Respond)
            Send(response[..length], client);
        else if (action is DnsAction.Forward or DnsAction.AwaitClient)
            Defer(message, client, response, action);
    }

    private void Defer(ReadOnlySpan<byte> message, SocketName client, Span<byte> response, DnsAction action)
    {
        if (service.Outstanding.TryEnter(message.Length))
            _ = ServeLaterAsync(PooledMessage.Copy(message), client, action);
        else
            Send(response[..service.Overloaded(message, DnsTransport.Udp, response)], client);
    }

    private async Task ServeLaterAsync(PooledMessage message, SocketName client, DnsAction action)
    {
        using var owned = message;
        if (action == DnsAction.AwaitClient)
            action = await ServeAwaitedAsync(message, client);
        if (action == DnsAction.Forward)
            await ForwardAsync(message, client);
        service.Outstanding.Leave(message.Length);
    }

    private async ValueTask<DnsAction> ServeAwaitedAsync(PooledMessage message, SocketName client)
    {
        await service.WaitForClientAsync();
        var response = ArrayPool<byte>.Shared.Rent(DnsResponder.MaxResponse);
        var action = service.DecideFinally(message.Span, DnsTransport.Udp, response, out var length);
        if (action == DnsAction.Respond)
            Send(response.AsSpan(0, length), client);
        ArrayPool<byte>.Shared.Return(response);
        return action;
    }

    private async ValueTask ForwardAsync(PooledMessage message, SocketName client)
    {
        var request = service.BeginForwarding(message.Span, DnsTransport.Udp);
        var started = loop.Time.GetTimestamp();
        var result = await service.Udp.ForwardAsync(message);
        service.Journal.ForwardingEnded(request, message.Span, loop.Time.GetElapsedTime(started), result.Failure);
        if (result.Failure is { } failure)
            Refuse(message, failure, client);
        else
            Send(result.Answer.Span, client);
        result.Answer.Dispose();
    }

    private void Refuse(PooledMessage message, ForwardFailure failure, SocketName client)
    {
        Span<byte> response = stackalloc byte[Edns.MinPayloadSize];
        Send(response[..DnsResponder.Fail(message.Span, failure.Reason, response)], client);
    }

    // A client that does not take its answer asks again, as it does when the network loses one.
    private void Send(ReadOnlySpan<byte> message, SocketName client)
    {
        if (!_disposed && message.Length > 0)
            _ = socket.TrySend(message, client);
    }
}
