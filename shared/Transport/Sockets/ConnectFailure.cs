using System.Net;
using Ambient.Linux;

namespace Ambient.Transport;

/// <summary>Why a dial failed, as far as anybody decides by it.</summary>
public enum ConnectFailureKind : byte
{
    None,

    /// <summary>No answer within the time allowed.</summary>
    TimedOut,

    /// <summary>The other machine answered that nothing listens there.</summary>
    Refused,

    /// <summary>There is no way to that address.</summary>
    Unreachable,

    /// <summary>Every local port towards that destination is in use.</summary>
    PortsExhausted,

    /// <summary>The process or the machine has no descriptor for it, or only some that are reserved.</summary>
    DescriptorsExhausted,

    Other,
}

/// <summary>How a dial failed; the default value means it did not.</summary>
/// <param name="Errno">The kernel's reason.</param>
public readonly record struct ConnectFailure(ConnectFailureKind Kind, int Errno)
{
    /// <summary>A sentence of whoever dialled, where there is more to say than the errno tells; null if not.</summary>
    public string? Detail { get; init; }

    public bool IsNone => Kind == ConnectFailureKind.None;

    /// <summary>Only descriptors are left that are reserved.</summary>
    public static ConnectFailure OutOfDescriptors => Of(Linux.Errno.FilesExhausted);

    public static ConnectFailure Of(int errno) => new(KindOf(errno), errno);

    /// <summary>A sentence for a log, with what to check.</summary>
    public string Describe(IPEndPoint to) => LinuxException.Describe($"connect({to})", Errno);

    private static ConnectFailureKind KindOf(int errno) => errno switch
    {
        0 => ConnectFailureKind.None,
        Linux.Errno.TimedOut => ConnectFailureKind.TimedOut,
        Linux.Errno.ConnectionRefused => ConnectFailureKind.Refused,
        Linux.Errno.NetworkUnreachable or Linux.Errno.HostUnreachable or Linux.Errno.HostDown or Linux.Errno.NetworkDown =>
            ConnectFailureKind.Unreachable,
        Linux.Errno.FilesExhausted or Linux.Errno.SystemFilesExhausted => ConnectFailureKind.DescriptorsExhausted,
        Linux.Errno.AddressNotAvailable => ConnectFailureKind.PortsExhausted,
        _ => ConnectFailureKind.Other,
    };
}
