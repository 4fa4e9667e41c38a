using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Ambient.Linux;
using Ambient.Transport;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>What came of forwarding: an answer to be relayed as it is, or why there is none.</summary>
/// <param name="Answer">Owned by the receiver; empty if it failed.</param>
internal readonly record struct ForwardResult(PooledMessage Answer, ForwardFailure? Failure);

/// <summary>
/// Relays queries that came by UDP. The upstream gets the client's bytes with an identifier and a source port of our own, both
/// random, and the client gets the upstream's bytes with its own identifier. Belongs to one loop.
/// </summary>
internal sealed class UdpForwarder(EventLoop loop, UpstreamOrder order, UpstreamSocketFactory sockets) : IDisposable
{
    /// <summary>Sockets that are kept for the next queries while there are some.</summary>
    private const int MaxIdle = 16;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    private readonly Stack<UdpUpstream> _idle = new();
    private int _busy;
    private bool _trimming, _disposed;

    /// <param name="query">Borrowed until this completes.</param>
    public async ValueTask<ForwardResult> ForwardAsync(PooledMessage query)
    {
        if (!DnsHeader.TryRead(query.Span, out var header))
            throw new ArgumentException("A message shorter than its header cannot be forwarded.", nameof(query));

        var upstreams = order.Take();
        if (upstreams is [])
            return new(default, ForwardFailure.NoUpstream);

        var exchange = new UdpExchange(loop, query);
        _busy++;
        try
        {
            var failure = await AskInTurnAsync(exchange, query, header, upstreams);
            var answer = exchange.TakeAnswer();
            return answer.IsEmpty ? new(default, failure) : new(answer, null);
        }
        finally
        {
            _busy--;
            Release(exchange);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        CloseIdle();
    }

    /// <returns>Why there is no answer, if there is none.</returns>
    private async ValueTask<ForwardFailure> AskInTurnAsync(
        UdpExchange exchange, PooledMessage query, DnsHeader header, IPEndPoint[] upstreams)
    {
        var (tries, patience) = (order.TriesFor(header.Opcode), order.PatienceFor(header.Opcode));
        var (started, failure) = (loop.Time.GetTimestamp(), ForwardFailure.Unreachable);
        for (var i = 0; i < tries && !exchange.IsFinal && !_disposed; i++)
        {
            var remaining = order.RequestTimeout - loop.Time.GetElapsedTime(started);
            if (remaining <= TimeSpan.Zero)
                break;
            var upstream = upstreams[i % upstreams.Length];
            if (await RentAsync(upstream) is not { } socket)
            {
                failure = ForwardFailure.NoSocket;
                continue;
            }
            exchange.BeginWait(i == tries - 1 || remaining < patience ? remaining : patience);
            Ask(exchange, socket, query, header, upstream);
            await exchange.WaitAsync();
        }
        var timedOut = loop.Time.GetElapsedTime(started) >= order.RequestTimeout;
        return _disposed ? ForwardFailure.Stopped : timedOut ? ForwardFailure.TimedOut : failure;
    }

    private static void Ask(UdpExchange exchange, UdpUpstream socket, PooledMessage query, DnsHeader header, IPEndPoint upstream)
    {
        exchange.Add(socket);
        var id = MessageSignature.CoversIdentifier(query.Span, header) ? header.Id : RandomIdentifier();
        DnsHeader.WriteId(query.Span, id);
        var begun = socket.TryBegin(exchange, id, upstream, query.Span);
        DnsHeader.WriteId(query.Span, header.Id);
        if (!begun)
            exchange.Lost(socket);
    }

    private async ValueTask<UdpUpstream?> RentAsync(IPEndPoint upstream)
    {
        while (_idle.TryPop(out var idle))
        {
            if (idle.Family == upstream.AddressFamily)
                return idle;
            idle.Dispose(); // upstreams of both families are rare
        }
        try
        {
            var descriptor = await sockets(DnsTransport.Udp, upstream.AddressFamily);
            await loop.SwitchTo();
            return UdpUpstream.Attach(loop, descriptor, upstream.AddressFamily);
        }
        catch (LinuxException)
        {
            await loop.SwitchTo();
            return null;
        }
    }

    private void Release(UdpExchange exchange)
    {
        foreach (var socket in exchange.Asked)
        {
            if (_disposed || _idle.Count >= MaxIdle)
            {
                socket.Dispose();
                continue;
            }
            socket.End();
            _idle.Push(socket);
        }
        TrimLater();
    }

    private void TrimLater()
    {
        if (_trimming || _disposed || _idle.Count == 0)
            return;
        _trimming = true;
        loop.StartTimer(IdleTime, static forwarder => ((UdpForwarder)forwarder!).Trim(), this);
    }

    private void Trim()
    {
        _trimming = false;
        if (_busy == 0)
            CloseIdle();
        else
            TrimLater();
    }

    private void CloseIdle()
    {
        while (_idle.TryPop(out var socket))
            socket.Dispose();
    }

    private static ushort RandomIdentifier()
    {
        Span<byte> random = stackalloc byte[2];
        RandomNumberGenerator.Fill(random);
        return BinaryPrimitives.ReadUInt16BigEndian(random);
    }
}
