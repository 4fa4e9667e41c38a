using System.Diagnostics;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Load.Generator;

/// <summary>One connection on its way up: connect, ask the proxy if it wants that, send a byte, get it back.</summary>
internal sealed class DialedConnection : IDisposable
{
    private static readonly byte[] EchoOneByte = [Wire.Echo, (byte)'x'];

    private readonly Descriptor _socket;
    private readonly Target _target;
    private Step _step = Step.Connecting;

    private DialedConnection(Target target, Descriptor socket)
    {
        (_target, _socket) = (target, socket);
        StartedAt = Stopwatch.GetTimestamp();
    }

    private enum Step { Connecting, Asking, Echoing }

    public long StartedAt { get; }
    public int Number => _socket.Value;
    public bool WaitsForWritable => _step == Step.Connecting;

    public static DialedConnection Start(Target target)
    {
        var socket = TcpSockets.Create(target.At.AddressFamily);
        SocketOptions.NoDelay(socket);
        var connection = new DialedConnection(target, socket);
        var result = TcpSockets.Connect(socket, target.At);
        if (!result.Succeeded && result.Errno != Errno.InProgress) result.OrThrow($"connect({target.At})");
        return connection;
    }

    /// <summary>It ended before its byte came back.</summary>
    public bool HasFailed { get; private set; }

    /// <returns>True when the byte has come back, or never will.</returns>
    public bool Advance(byte[] scratch)
    {
        if (_step == Step.Connecting)
        {
            var connected = TcpSockets.TakeError(Number);
            if (!WasReset(connected)) connected.OrThrow($"connect({_target.At})");
            return HasFailed || Proceed(_target.AskToConnect ? Step.Asking : Step.Echoing);
        }

        var read = TcpSockets.Receive(Number, scratch.AsSpan());
        if (read.WouldBlock) return false;
        if (!read.Succeeded || read.Value == 0)
        {
            HasFailed = true;
            return true;
        }
        if (_step == Step.Echoing) return true;
        if (!scratch.AsSpan().StartsWith("HTTP/1.1 200"u8))
            throw new IOException($"The proxy answered: {System.Text.Encoding.ASCII.GetString(scratch, 0, read.Value).Split('\r')[0]}");
        return Proceed(Step.Echoing);
    }

    public void Dispose() => _socket.Dispose();

    // True if it ended instead.
    private bool Proceed(Step step)
    {
        _step = step;
        var sent = TcpSockets.Send(Number, step == Step.Asking ? Wire.ConnectHead : EchoOneByte);
        if (!WasReset(sent)) sent.OrThrow("send");
        return HasFailed;
    }

    // A proxy that refuses who has connected may do so before anybody looks.
    private bool WasReset(CallResult result) => HasFailed = !result.Succeeded && result.Errno is Errno.ConnectionReset or Errno.BrokenPipe;
}
