using System.Runtime.InteropServices;

namespace Ambient.Linux;

internal static unsafe partial class Libc
{
    [LibraryImport(Name)] internal static partial int socket(int family, int type, int protocol);
    [LibraryImport(Name)] internal static partial int bind(int fd, void* address, uint length);
    [LibraryImport(Name)] internal static partial int listen(int fd, int backlog);
    [LibraryImport(Name)] internal static partial int accept4(int fd, void* address, uint* length, int flags);
    [LibraryImport(Name)] internal static partial int connect(int fd, void* address, uint length);
    [LibraryImport(Name)] internal static partial int shutdown(int fd, int how);
    [LibraryImport(Name)] internal static partial int getsockname(int fd, void* address, uint* length);
    [LibraryImport(Name)] internal static partial int getpeername(int fd, void* address, uint* length);
    [LibraryImport(Name)] internal static partial int getsockopt(int fd, int level, int option, void* value, uint* length);
    [LibraryImport(Name)] internal static partial int setsockopt(int fd, int level, int option, void* value, uint length);

    [LibraryImport(Name)] internal static partial nint recv(int fd, void* buffer, nuint length, int flags);
    [LibraryImport(Name)] internal static partial nint readv(int fd, void* vectors, int count);
    [LibraryImport(Name)] internal static partial nint send(int fd, void* buffer, nuint length, int flags);
    [LibraryImport(Name)] internal static partial nint sendmsg(int fd, MessageHeader* message, int flags);
    [LibraryImport(Name)] internal static partial nint recvmsg(int fd, MessageHeader* message, int flags);
    [LibraryImport(Name)] internal static partial nint recvfrom(int fd, void* buffer, nuint length, int flags, void* address, uint* addressLength);
    [LibraryImport(Name)] internal static partial nint sendto(int fd, void* buffer, nuint length, int flags, void* address, uint addressLength);

    // <bits/socket.h>, <bits/socket_type.h>
    internal const int AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10;
    internal const int SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_SEQPACKET = 5, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    internal const int MSG_CTRUNC = 0x8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000;
    internal const int SHUT_WR = 1, SHUT_RDWR = 2;
    internal const int SCM_RIGHTS = 1;

    // <asm-generic/socket.h>
    internal const int SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_KEEPALIVE = 9,
        SO_LINGER = 13, SO_REUSEPORT = 15, SO_PEERCRED = 17, SO_ACCEPTCONN = 30, SO_MARK = 36;

    // <bits/in.h>, <linux/in6.h>, <netinet/tcp.h>, <linux/netfilter_ipv4.h>, <linux/netfilter_ipv6/ip6_tables.h>
    internal const int SOL_IP = 0, IP_TRANSPARENT = 19, IP_BIND_ADDRESS_NO_PORT = 24, SO_ORIGINAL_DST = 80;
    internal const int SOL_IPV6 = 41, IPV6_V6ONLY = 26, IPV6_TRANSPARENT = 75, IP6T_SO_ORIGINAL_DST = 80;
    internal const int SOL_TCP = 6, TCP_NODELAY = 1, TCP_KEEPIDLE = 4, TCP_KEEPINTVL = 5, TCP_KEEPCNT = 6, TCP_USER_TIMEOUT = 18;

    /// <summary>struct msghdr on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        internal void* Address;
        internal uint AddressLength;
        internal void* Vectors;
        internal nuint VectorCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    /// <summary>struct linger.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Linger
    {
        internal int On;
        internal int Seconds;
    }
}
