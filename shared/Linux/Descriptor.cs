using System.Runtime.InteropServices;

namespace Ambient.Linux;

/// <summary>A file descriptor that we own; disposing closes it. Always close-on-exec.</summary>
public sealed class Descriptor : SafeHandle
{
    /// <param name="value">Taken over: closed with this object.</param>
    public Descriptor(int value) : base(-1, ownsHandle: true) => SetHandle(value);

    /// <summary>
    /// The number itself, for calls by the one thread that owns this object. It is not protected against a concurrent
    /// <see cref="SafeHandle.Dispose()"/>, after which the kernel gives the number to somebody else.
    /// </summary>
    public int Value => (int)handle;

    public override bool IsInvalid => handle < 0;

    /// <summary>A second descriptor of the same open file. Both must be closed.</summary>
    /// <exception cref="LinuxException">Out of descriptors.</exception>
    public Descriptor Duplicate() =>
        new(CallResult.Of(Libc.fcntl(Value, Libc.F_DUPFD_CLOEXEC, 0)).OrThrow("fcntl(F_DUPFD_CLOEXEC)"));

    /// <summary>Gives up ownership: the caller closes the returned number.</summary>
    public int Release()
    {
        var value = Value;
        SetHandleAsInvalid();
        return value;
    }

    // Linux has closed the descriptor also when close reports EINTR; closing again could hit somebody else's.
    protected override bool ReleaseHandle()
    {
        _ = Libc.close((int)handle);
        return true;
    }

    public override string ToString() => IsClosed ? "fd (closed)" : $"fd {Value}";
}
