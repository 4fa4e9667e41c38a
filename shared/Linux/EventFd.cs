namespace Ambient.Linux;

/// <summary>A descriptor that one thread makes readable for another.</summary>
public sealed unsafe class EventFd : IDisposable
{
    private readonly Descriptor _descriptor =
        new(CallResult.Of(Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK)).OrThrow("eventfd"));

    public int Descriptor => _descriptor.Value;

    /// <summary>Makes it readable. Any thread; harmless after <see cref="Dispose"/>.</summary>
    public void Signal()
    {
        var entered = false;
        try
        {
            _descriptor.DangerousAddRef(ref entered);
            ulong one = 1;
            _ = Libc.write(_descriptor.Value, &one, sizeof(ulong)); // EAGAIN: it is readable 2^64-2 times over
        }
        catch (ObjectDisposedException)
        {
        }
        finally
        {
            if (entered)
                _descriptor.DangerousRelease();
        }
    }

    /// <summary>Makes it unreadable until the next <see cref="Signal"/>.</summary>
    public void Clear()
    {
        ulong count;
        _ = Libc.read(_descriptor.Value, &count, sizeof(ulong));
    }

    public void Dispose() => _descriptor.Dispose();
}
