using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ambient.Linux.Sockets;

/// <summary>TCP sockets as the kernel offers them: non-blocking, close-on-exec, results as values.</summary>
/// <remarks>The calls that take a bare number are for the thread that owns the descriptor; nothing protects them from a concurrent close.</remarks>
public static unsafe class TcpSockets
{
    /// <param name="family">IPv4 or IPv6. An IPv6 socket also serves IPv4 unless <see cref="SocketOptions.V6Only"/> says otherwise.</param>
    /// <exception cref="LinuxException">Out of descriptors, or the family is switched off.</exception>
    public static Descriptor Create(AddressFamily family) => Addresses.CreateSocket(family, Libc.SOCK_STREAM);

    public static CallResult TryBind(Descriptor socket, IPEndPoint to) => Addresses.TryBind(socket, to);

    public static CallResult TryListen(Descriptor socket, int backlog) => CallResult.Of(Libc.listen(socket.Value, backlog));

    /// <returns>The descriptor of the next connection, which the caller owns. EAGAIN: there is none.</returns>
    public static CallResult Accept(int listener, out SocketName peer)
    {
        peer = default;
        uint length = SocketName.MaxLength;
        CallResult result;
        fixed (byte* room = peer.Room)
        {
            do
                result = CallResult.Of(Libc.accept4(listener, room, &length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC));
            while (result.Errno == Errno.Interrupted);
        }

        peer.Fill(result.Succeeded ? length : 0);
        return result;
    }

    /// <returns>EINPROGRESS in the normal case: the socket becomes writable when the outcome is known.</returns>
    public static CallResult Connect(Descriptor socket, IPEndPoint to) => Addresses.TryConnect(socket, to);

    /// <summary>How an attempt to connect ended: succeeded, or with the errno of its failure. Reading it clears it.</summary>
    public static CallResult TakeError(int socket)
    {
        var error = 0;
        uint length = sizeof(int);
        var result = CallResult.Of(Libc.getsockopt(socket, Libc.SOL_SOCKET, Libc.SO_ERROR, &error, &length));
        return result.Succeeded && error != 0 ? CallResult.Failed(error) : result;
    }

    /// <returns>Unknown (see <see cref="SocketName.IsKnown"/>) if the socket is broken.</returns>
    public static SocketName LocalName(Descriptor socket) => Addresses.LocalName(socket);

    /// <inheritdoc cref="LocalName"/>
    public static SocketName RemoteName(Descriptor socket) => Addresses.RemoteName(socket);

    /// <summary>Sends FIN after what was sent before.</summary>
    public static CallResult FinishSending(int socket) => CallResult.Of(Libc.shutdown(socket, Libc.SHUT_WR));

    /// <summary>From now on closing answers with RST and drops what was not sent yet (SO_LINGER 0).</summary>
    public static void ResetOnClose(int socket)
    {
        var linger = new Libc.Linger { On = 1, Seconds = 0 };
        _ = Libc.setsockopt(socket, Libc.SOL_SOCKET, Libc.SO_LINGER, &linger, (uint)sizeof(Libc.Linger));
    }

    /// <returns>Bytes read; 0 is the end (FIN).</returns>
    public static CallResult Receive(int socket, ReadOnlySpan<IoVector> into)
    {
        fixed (IoVector* vectors = into)
        {
            while (true)
            {
                var result = into.Length == 1
                    ? CallResult.Of(Libc.recv(socket, VectorStart(vectors), (nuint)vectors->Length, 0))
                    : CallResult.Of(Libc.readv(socket, vectors, into.Length));
                if (result.Errno != Errno.Interrupted)
                    return result;
            }
        }
    }

    /// <inheritdoc cref="Receive(int, ReadOnlySpan{IoVector})"/>
    public static CallResult Receive(int socket, Span<byte> into)
    {
        fixed (byte* start = into)
        {
            while (true)
            {
                var result = CallResult.Of(Libc.recv(socket, start, (nuint)into.Length, 0));
                if (result.Errno != Errno.Interrupted)
                    return result;
            }
        }
    }

    /// <returns>Bytes taken by the kernel, maybe fewer than given. A broken connection is EPIPE, never a signal.</returns>
    public static CallResult Send(int socket, ReadOnlySpan<IoVector> from)
    {
        fixed (IoVector* vectors = from)
        {
            while (true)
            {
                var result = from.Length == 1
                    ? CallResult.Of(Libc.send(socket, VectorStart(vectors), (nuint)vectors->Length, Libc.MSG_NOSIGNAL))
                    : SendMessage(socket, vectors, from.Length);
                if (result.Errno != Errno.Interrupted)
                    return result;
            }
        }
    }

    /// <inheritdoc cref="Send(int, ReadOnlySpan{IoVector})"/>
    public static CallResult Send(int socket, ReadOnlySpan<byte> from)
    {
        fixed (byte* start = from)
        {
            while (true)
            {
                var result = CallResult.Of(Libc.send(socket, start, (nuint)from.Length, Libc.MSG_NOSIGNAL));
                if (result.Errno != Errno.Interrupted)
                    return result;
            }
        }
    }

    private static CallResult SendMessage(int socket, IoVector* vectors, int count)
    {
        var message = new Libc.MessageHeader { Vectors = vectors, VectorCount = (nuint)count };
        return CallResult.Of(Libc.sendmsg(socket, &message, Libc.MSG_NOSIGNAL));
    }

    private static void* VectorStart(IoVector* vector) => Unsafe.AsPointer(ref MemoryMarshal.GetReference(vector->Span));
}
