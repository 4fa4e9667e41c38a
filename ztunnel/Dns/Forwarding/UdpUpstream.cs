using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Transport;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>
/// One UDP socket towards upstreams, used by one query at a time. It is connected for each use, so the kernel drops what
/// other addresses send and reports refusals, and disconnected after it, so the next use has another random source port
/// (RFC 5452 §9.2) without entering the pod's network namespace again.
/// </summary>
internal sealed class UdpUpstream : IDisposable
{
    private const int MaxDatagram = 65_536;

    private readonly Descriptor _descriptor;
    private readonly DatagramSocket _socket;
    private UdpExchange? _exchange;
    private ushort _id;
    private bool _disposed;

    private UdpUpstream(EventLoop loop, Descriptor descriptor, AddressFamily family)
    {
        (_descriptor, Family) = (descriptor, family);
        _socket = DatagramSocket.Attach(loop, descriptor);
        _ = ReadAsync();
    }

    public AddressFamily Family { get; }

    /// <param name="descriptor">Taken over.</param>
    public static UdpUpstream Attach(EventLoop loop, Descriptor descriptor, AddressFamily family) => new(loop, descriptor, family);

    /// <summary>Sends the query of <paramref name="exchange"/> and hands what comes back to it until <see cref="End"/>.</summary>
    /// <returns>False if there is no way to the upstream.</returns>
    public bool TryBegin(UdpExchange exchange, ushort id, IPEndPoint upstream, ReadOnlySpan<byte> query)
    {
        if (!UdpSockets.Connect(_descriptor, upstream).Succeeded)
            return false;
        (_exchange, _id) = (exchange, id);
        // A full send buffer loses the datagram, as any network may: the next try follows.
        return _socket.TrySend(query, default).Status is IoStatus.Done or IoStatus.WouldBlock;
    }

    /// <summary>Ends this use; answers that come later meet a closed port.</summary>
    public void End()
    {
        _exchange = null;
        if (_disposed)
            return;
        _ = UdpSockets.Disconnect(_descriptor);
        Span<byte> unread = stackalloc byte[1];
        while (UdpSockets.Receive(_descriptor.Value, unread, out _).Succeeded)
        {
            // What had arrived before must not meet the next query.
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _exchange = null;
        _socket.Dispose();
    }

    private async Task ReadAsync()
    {
        while (true)
        {
            await _socket.WaitReadableAsync();
            if (_disposed)
                return;
            Drain();
        }
    }

    private void Drain()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaxDatagram);
        try
        {
            while (_socket.TryReceive(buffer, out _, out _) is { Status: not IoStatus.WouldBlock } received && !_disposed)
            {
                if (received.Status == IoStatus.Done)
                    _exchange?.Received(this, _id, buffer.AsSpan(0, received.Bytes));
                else
                    _exchange?.Lost(this); // ICMP says that nobody listens there
            }
        }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
    }
}
