using System.Runtime;

namespace Ambient.Linux;

/// <summary>The memory of this process as a whole.</summary>
public static class ProcessMemory
{
    /// <summary>
    /// Gives back to the system what is not in use: of the managed heap, of malloc's, and code that has been used and may not be again.
    /// Stops all threads for as long as it takes to move what is in use: about a millisecond for each megabyte. Any thread.
    /// </summary>
    public static void Trim()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
        ProgramPages.Forget();
    }
}
