namespace Ambient.Ztunnel.Proxying;

/// <summary>Whether the loopback interface of the calling thread's network namespace takes IPv6 addresses.</summary>
internal static class LoopbackIPv6
{
    private const string Switch = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";

    /// <remarks>A kernel that does not say has IPv6 as usual.</remarks>
    public static bool IsEnabled()
    {
        try
        {
            return File.ReadAllText(Switch).Trim() != "1";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return !File.Exists(Switch) && Directory.Exists("/proc/sys/net/ipv6");
        }
    }
}
