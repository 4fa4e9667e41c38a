namespace Ambient.Linux;

/// <summary>The error numbers that our code decides by (&lt;asm-generic/errno.h&gt;).</summary>
public static class Errno
{
    public const int PermissionDenied = 1;      // EPERM
    public const int NotFound = 2;              // ENOENT
    public const int Interrupted = 4;           // EINTR
    public const int BadDescriptor = 9;         // EBADF
    public const int WouldBlock = 11;           // EAGAIN
    public const int OutOfMemory = 12;          // ENOMEM
    public const int AccessDenied = 13;         // EACCES
    public const int Exists = 17;               // EEXIST
    public const int Invalid = 22;              // EINVAL
    public const int SystemFilesExhausted = 23; // ENFILE
    public const int FilesExhausted = 24;       // EMFILE
    public const int BrokenPipe = 32;           // EPIPE
    public const int NoSuchOption = 92;         // ENOPROTOOPT
    public const int FamilyNotSupported = 97;   // EAFNOSUPPORT
    public const int AddressInUse = 98;         // EADDRINUSE
    public const int AddressNotAvailable = 99;  // EADDRNOTAVAIL
    public const int NetworkDown = 100;         // ENETDOWN
    public const int NetworkUnreachable = 101;  // ENETUNREACH
    public const int ConnectionAborted = 103;   // ECONNABORTED
    public const int ConnectionReset = 104;     // ECONNRESET
    public const int NoBuffers = 105;           // ENOBUFS
    public const int NotConnected = 107;        // ENOTCONN
    public const int TimedOut = 110;            // ETIMEDOUT
    public const int ConnectionRefused = 111;   // ECONNREFUSED
    public const int HostDown = 112;            // EHOSTDOWN
    public const int HostUnreachable = 113;     // EHOSTUNREACH
    public const int InProgress = 115;          // EINPROGRESS

    /// <summary>What an operator can check when a call fails with <paramref name="errno"/>; null where the error says it all.</summary>
    public static string? Advice(int errno) => errno switch
    {
        PermissionDenied or AccessDenied =>
            "The process lacks a capability: marks and transparent sockets need NET_ADMIN, entering a network namespace needs SYS_ADMIN.",
        NotFound => "The path or entry does not exist (any more).",
        FilesExhausted => "The process is out of file descriptors: raise its RLIMIT_NOFILE hard limit.",
        SystemFilesExhausted => "The machine is out of file descriptors: raise sysctl fs.file-max.",
        OutOfMemory or NoBuffers => "The kernel is out of memory for this: check the container's memory limit and sysctl net.ipv4.tcp_mem.",
        NoSuchOption => "The kernel lacks the feature: is its netfilter module loaded?",
        FamilyNotSupported => "The kernel has no IPv6: use addresses of IPv4, or start it without ipv6.disable=1.",
        AddressInUse => "Another socket holds this address: is another instance running in the same network namespace?",
        AddressNotAvailable =>
            "The address is not local, or every local port to that destination is taken: see sysctl net.ipv4.ip_local_port_range.",
        NetworkUnreachable or HostUnreachable or HostDown or NetworkDown =>
            "There is no route: check the routes of the network namespace and that the other node is up.",
        ConnectionRefused => "Nothing listens there: is the process running, and on this port?",
        TimedOut => "No answer came: is the other side up, and does every firewall and NetworkPolicy between allow this port?",
        _ => null,
    };
}
