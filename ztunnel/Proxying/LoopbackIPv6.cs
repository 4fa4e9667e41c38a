using System.Net.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Whether the loopback interface of the calling thread's network namespace takes IPv6 addresses.</summary>
internal static class LoopbackIPv6
{
    private const string Switch = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";

    /// <remarks>A kernel that does not say has IPv6 as usual.</remarks>
    public static bool IsEnabled() => IsKnownToKernel() && !IsSwitchedOff();

    private static bool IsSwitchedOff()
    {
        try
        {
            return File.ReadAllText(Switch).Trim() == "1";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return File.Exists(Switch);
        }
    }

    private static bool IsKnownToKernel()
    {
        try
        {
            TcpSockets.Create(AddressFamily.InterNetworkV6).Dispose();
            return true;
        }
        catch (LinuxException missing) when (missing.Errno == Errno.FamilyNotSupported)
        {
            return false;
        }
    }
}
