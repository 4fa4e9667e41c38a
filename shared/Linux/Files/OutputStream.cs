namespace Ambient.Linux.Files;

/// <summary>Writes to any descriptor, such as standard output, as write(2) does: at the end of what others wrote, and waiting for a slow reader.</summary>
/// <remarks>
/// <see cref="Console"/> would set up a terminal first, and a <see cref="FileStream"/> writes to files at positions of its own, over what
/// other processes put there.
/// </remarks>
public sealed unsafe class OutputStream(Descriptor descriptor) : Stream
{
    /// <summary>This process's standard output, on a descriptor of its own.</summary>
    /// <exception cref="LinuxException">It is closed.</exception>
    public static OutputStream StandardOutput() => new(new Descriptor(CallResult.Of(Libc.fcntl(1, Libc.F_DUPFD_CLOEXEC, 3)).OrThrow("fcntl(stdout)")));

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="LinuxException">The reader is gone (EPIPE), the disk is full, …</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            CallResult result;
            fixed (byte* bytes = buffer) result = CallResult.Of(Libc.write(descriptor.Value, bytes, (nuint)buffer.Length));
            if (result.Succeeded) buffer = buffer[result.Value..];
            else if (result.WouldBlock) WaitWritable();
            else if (result.Errno != Errno.Interrupted) result.OrThrow("write");
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) descriptor.Dispose();
        base.Dispose(disposing);
    }

    // Somebody made the shared open file non-blocking (a shell, a container runtime).
    private void WaitWritable()
    {
        var wait = new Libc.PollDescriptor { Fd = descriptor.Value, Events = Libc.POLLOUT };
        _ = Libc.poll(&wait, 1, -1);
    }
}
