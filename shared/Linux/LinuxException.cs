using System.Runtime.InteropServices;

namespace Ambient.Linux;

/// <summary>A system call failed. Code switches on <see cref="Errno"/>, people read the message.</summary>
/// <param name="call">The call and, where it helps, what it was applied to: <c>bind([::]:15008)</c>.</param>
/// <param name="errno">The number the kernel gave.</param>
public sealed class LinuxException(string call, int errno) : IOException(Describe(call, errno))
{
    public int Errno { get; } = errno;

    /// <summary>One sentence for <paramref name="errno"/>, and what to check where we know it.</summary>
    public static string Describe(string call, int errno)
    {
        var failed = $"{call} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).";
        return Linux.Errno.Advice(errno) is { } advice ? $"{failed} {advice}" : failed;
    }
}
