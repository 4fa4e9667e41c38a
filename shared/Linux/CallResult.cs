using System.Runtime.InteropServices;

namespace Ambient.Linux;

/// <summary>What a system call returned: its value, or the reason it failed. Never throws; for paths where failing is normal.</summary>
public readonly struct CallResult
{
    private readonly int _value; // as the kernel has it: negative is -errno

    private CallResult(int value) => _value = value;

    /// <summary>The value of a call that succeeded; meaningless otherwise.</summary>
    public int Value => _value;

    public bool Succeeded => _value >= 0;

    /// <summary>Why the call failed (see <see cref="Linux.Errno"/>); 0 if it did not.</summary>
    public int Errno => _value < 0 ? -_value : 0;

    public bool WouldBlock => _value == -Linux.Errno.WouldBlock;

    /// <exception cref="LinuxException">The call failed.</exception>
    public int OrThrow(string call) => Succeeded ? _value : throw new LinuxException(call, Errno);

    internal static CallResult Failed(int errno) => new(-errno);

    /// <summary>Must stand directly around the native call: anything in between may overwrite errno.</summary>
    internal static CallResult Of(nint returned) =>
        returned >= 0 ? new((int)returned) : new(-Marshal.GetLastSystemError());
}
