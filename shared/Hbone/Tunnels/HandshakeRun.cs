using System.Buffers;
using Ambient.Tls;
using Ambient.Transport;

namespace Ambient.Hbone.Tunnels;

/// <summary>How a handshake ended without a session.</summary>
public enum HandshakeFailure : byte { TimedOut, Closed, Rejected }

/// <summary>Moves the bytes of one TLS handshake between libssl and a byte stream, within a time limit.</summary>
public sealed class HandshakeRun
{
    private readonly Duplex _wire;
    private bool _timedOut;

    private HandshakeRun(Duplex wire) => _wire = wire;

    /// <param name="wire">Stays the caller's; aborted if the time is over.</param>
    /// <returns>Null when the handshake is complete.</returns>
    public static async ValueTask<HandshakeFailure?> RunAsync(Duplex wire, IHandshake handshake, TimeSpan limit)
    {
        var run = new HandshakeRun(wire);
        var timer = wire.Loop.StartTimer(limit, static run => ((HandshakeRun)run!).TimeOut(), run);
        var buffer = wire.Loop.Slabs.Rent(SlabSize.Small);
        try
        {
            return await run.RunAsync(handshake, buffer);
        }
        finally
        {
            wire.Loop.Slabs.Return(buffer);
            timer.Cancel();
        }
    }

    private async ValueTask<HandshakeFailure?> RunAsync(IHandshake handshake, Slab buffer)
    {
        var toSend = new ArrayBufferWriter<byte>(4096);
        var received = 0;
        while (true)
        {
            toSend.ResetWrittenCount();
            var status = handshake.Advance(buffer.Span[..received], toSend);
            if (!await SendAsync(toSend.WrittenMemory, buffer) && status != HandshakeStatus.Failed) return Broken;
            if (status == HandshakeStatus.Complete) return null;
            if (status == HandshakeStatus.Failed) return HandshakeFailure.Rejected;

            received = await ReceiveAsync(buffer);
            if (received == 0) return Broken;
        }
    }

    private HandshakeFailure Broken => _timedOut ? HandshakeFailure.TimedOut : HandshakeFailure.Closed;

    private async ValueTask<int> ReceiveAsync(Slab buffer)
    {
        while (true)
        {
            var got = _wire.TryReceive([buffer.Vector]);
            if (got.Status == IoStatus.Done) return got.Bytes;
            if (got.Status != IoStatus.WouldBlock || _timedOut) return 0;
            await _wire.WaitReadableAsync();
        }
    }

    /// <param name="bytes">libssl's output lies in ordinary memory: it goes through the slab, whose input libssl has taken.</param>
    private async ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes, Slab slab)
    {
        while (!bytes.IsEmpty)
        {
            var chunk = Math.Min(bytes.Length, slab.Length);
            bytes.Span[..chunk].CopyTo(slab.Span);
            var sent = _wire.TrySend([slab.Vector.Slice(0, chunk)]);
            if (sent.Status == IoStatus.Done) bytes = bytes[sent.Bytes..];
            else if (sent.Status != IoStatus.WouldBlock || _timedOut) return false;
            else await _wire.WaitWritableAsync();
        }
        return true;
    }

    private void TimeOut()
    {
        _timedOut = true;
        _wire.Abort(); // wakes whoever waits
    }
}
