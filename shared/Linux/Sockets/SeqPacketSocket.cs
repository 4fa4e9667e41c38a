using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ambient.Linux.Sockets;

/// <summary>One message of a <see cref="SeqPacketSocket"/>.</summary>
/// <param name="Length">Bytes written to the buffer.</param>
/// <param name="IsTruncated">The message was larger than the buffer; the rest is lost.</param>
/// <param name="Attached">The descriptor that came along, which the receiver owns; null if none did.</param>
/// <param name="ExtraDescriptors">How many more came; they are closed already.</param>
/// <param name="IsEnd">The peer has closed; there was no message.</param>
public readonly record struct SeqPacketMessage(int Length, bool IsTruncated, Descriptor? Attached, int ExtraDescriptors, bool IsEnd);

/// <summary>A local connection that keeps message boundaries and carries descriptors (unix(7), SOCK_SEQPACKET and SCM_RIGHTS).</summary>
/// <remarks>
/// Calls block the calling thread up to their timeout. One thread may send while another receives;
/// <see cref="Stop"/> ends both from a third.
/// </remarks>
public sealed unsafe class SeqPacketSocket : IDisposable
{
    private const int MaxDescriptors = 253; // SCM_MAX_FD: no message carries more
    private const int ControlHeader = 16;   // sizeof(struct cmsghdr)

    private readonly Descriptor _socket;

    internal SeqPacketSocket(Descriptor socket) => _socket = socket;

    /// <exception cref="LinuxException">ENOENT or ECONNREFUSED: nobody listens at <paramref name="path"/>; EAGAIN: its backlog is full.</exception>
    public static SeqPacketSocket Connect(string path)
    {
        var socket = CreateDescriptor();
        try
        {
            var name = stackalloc byte[UnixName.Size];
            var length = UnixName.Write(path, new(name, UnixName.Size));
            CallResult.Of(Libc.connect(socket.Value, name, length)).OrThrow($"connect({path})");
            return new(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends one message and, with it, a duplicate of <paramref name="attached"/>, which stays the caller's.</summary>
    /// <exception cref="TimeoutException">The peer did not take it within <paramref name="timeout"/>.</exception>
    /// <exception cref="LinuxException">EPIPE: the peer is gone; EMSGSIZE: the message is larger than the send buffer.</exception>
    public void Send(ReadOnlySpan<byte> message, Descriptor? attached, TimeSpan timeout) =>
        SendMany(message, attached is null ? [] : [attached.Value], timeout);

    /// <summary>Receives one message into <paramref name="buffer"/>.</summary>
    /// <exception cref="TimeoutException">None came within <paramref name="timeout"/>.</exception>
    /// <exception cref="LinuxException">For example ECONNRESET: the peer closed without reading what we sent.</exception>
    public SeqPacketMessage Receive(Span<byte> buffer, TimeSpan timeout)
    {
        var control = stackalloc byte[ControlHeader + MaxDescriptors * sizeof(int)];
        fixed (byte* start = buffer)
        {
            var vector = new IoVector(start, buffer.Length);
            var header = new Libc.MessageHeader
            {
                Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlHeader + MaxDescriptors * sizeof(int),
            };
            var length = Call(Libc.POLLIN, timeout, &header, receive: true);
            var attached = TakeDescriptors(&header, out var extra);
            return new(length, (header.Flags & Libc.MSG_TRUNC) != 0, attached, extra, IsEnd: length == 0 && attached is null);
        }
    }

    /// <summary>Process, user and group of whoever connected, as they were then.</summary>
    public (int Process, uint User, uint Group) PeerCredentials()
    {
        var credentials = stackalloc int[3];
        uint length = 3 * sizeof(int);
        CallResult.Of(Libc.getsockopt(_socket.Value, Libc.SOL_SOCKET, Libc.SO_PEERCRED, credentials, &length)).OrThrow("getsockopt(SO_PEERCRED)");
        return (credentials[0], (uint)credentials[1], (uint)credentials[2]);
    }

    /// <summary>Ends the connection and wakes whoever waits on it. Any thread.</summary>
    public void Stop()
    {
        if (!_socket.IsClosed)
            _ = Libc.shutdown(_socket.Value, Libc.SHUT_RDWR);
    }

    public void Dispose() => _socket.Dispose();

    internal static Descriptor CreateDescriptor() =>
        new(CallResult.Of(Libc.socket(Libc.AF_UNIX, Libc.SOCK_SEQPACKET | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0)).OrThrow("socket(AF_UNIX)"));

    /// <returns>False if <paramref name="events"/> did not come within <paramref name="timeout"/>.</returns>
    internal static bool WaitFor(Descriptor socket, short events, TimeSpan timeout)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var left = timeout == Timeout.InfiniteTimeSpan ? -1 : RemainingMilliseconds(timeout, started);
            var poll = new Libc.PollDescriptor { Fd = socket.Value, Events = events };
            var result = CallResult.Of(Libc.poll(&poll, 1, left));
            if (result.Errno != Errno.Interrupted)
                return result.OrThrow("poll") > 0;
        }
    }

    /// <summary>As <see cref="Send(ReadOnlySpan{byte}, Descriptor?, TimeSpan)"/> with any number of descriptors, which our peers do not expect.</summary>
    internal void SendMany(ReadOnlySpan<byte> message, ReadOnlySpan<int> descriptors, TimeSpan timeout)
    {
        var control = stackalloc byte[ControlHeader + MaxDescriptors * sizeof(int)];
        fixed (byte* start = message)
        {
            var vector = new IoVector(start, message.Length);
            var header = new Libc.MessageHeader { Vectors = &vector, VectorCount = 1 };
            if (!descriptors.IsEmpty)
                Attach(&header, control, descriptors);
            Call(Libc.POLLOUT, timeout, &header, receive: false);
        }
    }

    private int Call(short readiness, TimeSpan timeout, Libc.MessageHeader* header, bool receive)
    {
        while (true)
        {
            if (!WaitFor(_socket, readiness, timeout))
                throw new TimeoutException($"The peer of the local socket did not {(receive ? "send" : "take")} a message within {timeout.TotalSeconds:0.###} s.");
            var result = receive
                ? CallResult.Of(Libc.recvmsg(_socket.Value, header, Libc.MSG_CMSG_CLOEXEC))
                : CallResult.Of(Libc.sendmsg(_socket.Value, header, Libc.MSG_NOSIGNAL));
            if (result.Errno is not (Errno.Interrupted or Errno.WouldBlock))
                return result.OrThrow(receive ? "recvmsg" : "sendmsg");
        }
    }

    private static void Attach(Libc.MessageHeader* header, byte* control, ReadOnlySpan<int> descriptors)
    {
        var length = ControlHeader + descriptors.Length * sizeof(int);
        *(nuint*)control = (nuint)length;
        ((int*)control)[2] = Libc.SOL_SOCKET;
        ((int*)control)[3] = Libc.SCM_RIGHTS;
        descriptors.CopyTo(new(control + ControlHeader, descriptors.Length));
        header->Control = control;
        header->ControlLength = (nuint)((length + 7) & ~7); // CMSG_SPACE
    }

    // Every descriptor that arrived is ours to close: keep the first, close the others, or they leak.
    private static Descriptor? TakeDescriptors(Libc.MessageHeader* header, out int extra)
    {
        Descriptor? first = null;
        extra = (header->Flags & Libc.MSG_CTRUNC) != 0 ? 1 : 0;
        var control = (byte*)header->Control;
        var end = control + header->ControlLength;
        while (control + ControlHeader <= end)
        {
            var length = (int)*(nuint*)control;
            if (length < ControlHeader || control + length > end)
                break;
            if (((int*)control)[2] == Libc.SOL_SOCKET && ((int*)control)[3] == Libc.SCM_RIGHTS)
                extra += Sort(MemoryMarshal.Cast<byte, int>(new(control + ControlHeader, length - ControlHeader)), ref first);
            control += (length + 7) & ~7;
        }

        return first;
    }

    private static int Sort(ReadOnlySpan<int> arrived, ref Descriptor? first)
    {
        var extra = 0;
        foreach (var descriptor in arrived)
        {
            if (first is null)
            {
                first = new(descriptor);
                continue;
            }

            _ = Libc.close(descriptor);
            extra++;
        }

        return extra;
    }

    private static int RemainingMilliseconds(TimeSpan timeout, long started) =>
        (int)Math.Clamp(Math.Ceiling((timeout - Stopwatch.GetElapsedTime(started)).TotalMilliseconds), 0, int.MaxValue);
}
