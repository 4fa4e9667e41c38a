namespace Ambient.Linux;

/// <summary>Memory that libraries take with malloc: handshakes, for us.</summary>
public static class NativeHeap
{
    /// <summary>Gives what is free back to the system, also between blocks in use (malloc_trim(3)). Takes milliseconds at most. Any thread.</summary>
    public static void Trim() => _ = Libc.malloc_trim(0);
}
