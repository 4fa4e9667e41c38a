namespace Ambient.Transport.Tests;

/// <summary>What the process has open, for tests that nothing leaks.</summary>
internal static class OpenDescriptors
{
    internal static int Count() => Directory.GetFiles("/proc/self/fd").Length;
}
