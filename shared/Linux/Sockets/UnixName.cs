using System.Text;

namespace Ambient.Linux.Sockets;

/// <summary>struct sockaddr_un for a path.</summary>
internal static class UnixName
{
    internal const int Size = 110;
    private const int PathOffset = 2, MaxPath = Size - PathOffset - 1;

    /// <returns>How many bytes of <paramref name="room"/> are used.</returns>
    /// <exception cref="ArgumentException">The path is empty or longer than the kernel takes.</exception>
    internal static uint Write(string path, Span<byte> room)
    {
        var length = Encoding.UTF8.GetByteCount(path);
        if (length is 0 or > MaxPath)
            throw new ArgumentException($"The socket path '{path}' has {length} bytes; allowed are 1 to {MaxPath}. Choose a shorter directory.", nameof(path));
        room.Clear();
        BitConverter.TryWriteBytes(room, (ushort)Libc.AF_UNIX);
        Encoding.UTF8.GetBytes(path, room[PathOffset..]);
        return (uint)(PathOffset + length + 1);
    }
}
