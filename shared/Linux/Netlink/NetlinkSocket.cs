namespace Ambient.Linux.Netlink;

/// <summary>Asks the kernel about what one of its families keeps in a network namespace, and changes it (netlink(7)).</summary>
/// <remarks>Belongs to the namespace of the thread that made it. Not thread-safe.</remarks>
public sealed unsafe class NetlinkSocket : IDisposable
{
    // <linux/netlink.h>
    private const int NETLINK_ROUTE = 0, NETLINK_NETFILTER = 12;
    private const int AF_NETLINK = 16, SOCK_RAW = 3;
    private const ushort NLMSG_ERROR = 2, NLMSG_DONE = 3;
    private const ushort NLM_F_REQUEST = 1, NLM_F_ACK = 4, NLM_F_DUMP_INTR = 0x10, NLM_F_DUMP = 0x300;
    private const int HeaderBytes = 16, MaxTries = 10;
    private const int MaxReplyBytes = 8 * 1024; // the kernel cuts its lists so that they fit (netlink(7))

    private NetlinkSocket(int family)
        : this(new Descriptor(CallResult.Of(Libc.socket(AF_NETLINK, SOCK_RAW | Libc.SOCK_CLOEXEC, family)).OrThrow("socket(AF_NETLINK)")))
    {
    }

    /// <param name="descriptor">Taken over; whoever is at its other end speaks netlink.</param>
    internal NetlinkSocket(Descriptor descriptor) => Descriptor = descriptor;

    internal delegate void Entry(ReadOnlySpan<byte> body);

    private delegate void Part(ushort type, ushort flags, ReadOnlySpan<byte> body);

    internal Descriptor Descriptor { get; }

    /// <summary>Of links, addresses, routes and routing rules (rtnetlink(7)).</summary>
    /// <exception cref="LinuxException">Out of descriptors.</exception>
    public static NetlinkSocket OfRouting() => new(NETLINK_ROUTE);

    /// <summary>Of netfilter.</summary>
    /// <exception cref="LinuxException">Out of descriptors, or the kernel has none.</exception>
    public static NetlinkSocket OfNetfilter() => new(NETLINK_NETFILTER);

    public void Dispose() => Descriptor.Dispose();

    /// <summary>Has something done.</summary>
    /// <returns>Whether it was, or the kernel's errno.</returns>
    internal CallResult Change(ushort type, ushort flags, ReadOnlySpan<byte> body, params ReadOnlySpan<(ushort Attribute, uint Value)> attributes)
    {
        Send(type, (ushort)(NLM_F_REQUEST | NLM_F_ACK | flags), body, attributes);
        return ReceiveResult(static _ => { });
    }

    /// <summary>Hands over the one answer to a question, without the message's header.</summary>
    /// <returns>Whether there was one, or the kernel's errno.</returns>
    internal CallResult Ask(ushort type, ReadOnlySpan<byte> body, Entry answer)
    {
        Send(type, NLM_F_REQUEST | NLM_F_ACK, body);
        return ReceiveResult(answer);
    }

    /// <summary>Hands over every entry of a kind, without the message's header.</summary>
    /// <remarks>A list that changed while the kernel told it may lack entries, so it is asked for again.</remarks>
    /// <exception cref="LinuxException">The kernel refused, or (EINTR) the list never held still.</exception>
    internal void List(ushort type, ReadOnlySpan<byte> body, Entry entry)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            Send(type, NLM_F_REQUEST | NLM_F_DUMP, body);
            if (ReceiveList() is not { } entries)
                continue;
            foreach (var found in entries)
                entry(found);
            return;
        }
        throw new LinuxException("netlink dump", Errno.Interrupted);
    }

    /// <returns>Null if it changed meanwhile.</returns>
    private List<byte[]>? ReceiveList()
    {
        var (entries, isDone, isWhole) = (new List<byte[]>(), false, true);
        while (!isDone)
        {
            Receive((kind, flags, reply) =>
            {
                isWhole &= (flags & NLM_F_DUMP_INTR) == 0;
                isDone |= kind is NLMSG_DONE or NLMSG_ERROR;
                if (!isDone)
                    entries.Add(reply.ToArray());
                else if (reply.Length >= sizeof(int))
                    ErrorIn(reply).OrThrow("netlink dump");
            });
        }
        return isWhole ? entries : null;
    }

    private void Send(ushort type, ushort flags, ReadOnlySpan<byte> body, params ReadOnlySpan<(ushort Attribute, uint Value)> attributes)
    {
        var message = new NetlinkMessage(stackalloc byte[256], type, flags, body);
        foreach (var (attribute, value) in attributes)
            message.Add(attribute, value);
        var bytes = message.Finish();
        fixed (byte* raw = bytes)
            CallResult.Of(Libc.write(Descriptor.Value, raw, (nuint)bytes.Length)).OrThrow("write(netlink)");
    }

    private CallResult ReceiveResult(Entry before)
    {
        CallResult? result = null;
        while (result is null)
        {
            Receive((kind, _, reply) =>
            {
                if (kind == NLMSG_ERROR) result = ErrorIn(reply);
                else before(reply);
            });
        }
        return result.Value;
    }

    private void Receive(Part part)
    {
        var reply = stackalloc byte[MaxReplyBytes];
        var length = CallResult.Of(Libc.read(Descriptor.Value, reply, MaxReplyBytes)).OrThrow("read(netlink)");
        for (var rest = new ReadOnlySpan<byte>(reply, length); rest.Length >= HeaderBytes;)
        {
            var size = (int)BitConverter.ToUInt32(rest);
            if (size < HeaderBytes || size > rest.Length)
                throw new LinuxException("netlink reply", Errno.Invalid);
            part(BitConverter.ToUInt16(rest[4..]), BitConverter.ToUInt16(rest[6..]), rest[HeaderBytes..size]);
            rest = rest[Math.Min((size + 3) & ~3, rest.Length)..];
        }
    }

    private static CallResult ErrorIn(ReadOnlySpan<byte> body) => BitConverter.ToInt32(body) is < 0 and var error ? CallResult.Failed(-error) : CallResult.Of(0);
}
