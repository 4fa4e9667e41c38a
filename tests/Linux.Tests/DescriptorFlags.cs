namespace Ambient.Linux.Tests;

/// <summary>What the kernel says of one descriptor.</summary>
internal static class DescriptorFlags
{
    /// <summary>The flags line of /proc/self/fdinfo, which shows close-on-exec (octal 02000000).</summary>
    internal static bool IsCloseOnExec(Descriptor descriptor)
    {
        var flags = File.ReadLines($"/proc/self/fdinfo/{descriptor.Value}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
        return (Convert.ToInt32(flags[6..].Trim(), 8) & 0x80000) != 0;
    }
}
