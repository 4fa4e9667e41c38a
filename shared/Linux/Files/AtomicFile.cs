using System.Text;

namespace Ambient.Linux.Files;

/// <summary>Replaces files as a whole: whoever reads sees the old or the new content, also after a crash of the machine.</summary>
public static unsafe class AtomicFile
{
    private const UnixFileMode Kinds = (UnixFileMode)0x1FF;

    /// <summary>Writes beside <paramref name="path"/>, flushes to disk and renames over it.</summary>
    /// <param name="mode">Of the new file, whatever the umask is.</param>
    /// <exception cref="IOException">Nothing was replaced.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var written = Path.Combine(directory, $".{Path.GetFileName(path)}.new");
        try
        {
            File.Delete(written); // left behind by a crash
            using (var stream = new FileStream(written, new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode & Kinds, BufferSize = 0,
            }))
            {
                File.SetUnixFileMode(stream.SafeFileHandle, mode & Kinds);
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }
            File.Move(written, path, overwrite: true);
        }
        catch
        {
            File.Delete(written);
            throw;
        }
        FlushDirectory(directory);
    }

    // Without it the rename itself may be lost with the power. Some file systems cannot do it; then it was never a promise.
    private static void FlushDirectory(string directory)
    {
        fixed (byte* raw = Encoding.UTF8.GetBytes(directory + '\0'))
        {
            var opened = CallResult.Of(Libc.open(raw, Libc.O_RDONLY | Libc.O_CLOEXEC, 0));
            if (!opened.Succeeded)
                return;
            using var descriptor = new Descriptor(opened.Value);
            _ = Libc.fsync(descriptor.Value);
        }
    }
}
