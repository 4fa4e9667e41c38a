namespace Ambient.Linux.Namespaces;

/// <summary>What tells namespaces apart: device and inode of their file (namespaces(7)).</summary>
public readonly record struct NamespaceKey(ulong Device, ulong Inode)
{
    private const int AtEmptyPath = 0x1000;  // <linux/fcntl.h>
    private const uint StatxInode = 0x100;   // <linux/stat.h>
    private const int InodeOffset = 32, DeviceOffset = 136, StatxSize = 256;

    internal static unsafe NamespaceKey Of(Descriptor descriptor)
    {
        var stat = stackalloc byte[StatxSize];
        byte empty = 0;
        CallResult.Of(Libc.statx(descriptor.Value, &empty, AtEmptyPath, StatxInode, stat)).OrThrow("statx");
        var major = *(uint*)(stat + DeviceOffset);
        var minor = *(uint*)(stat + DeviceOffset + 4);
        return new((ulong)major << 32 | minor, *(ulong*)(stat + InodeOffset));
    }
}
