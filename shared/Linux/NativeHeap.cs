namespace Ambient.Linux;

/// <summary>Memory that libraries take with malloc: handshakes, for us.</summary>
public static class NativeHeap
{
    /// <summary>Gives what is free back to the system, also between blocks in use (malloc_trim(3)). Takes milliseconds at most. Any thread.</summary>
    public static void Trim() => _ = Libc.malloc_trim(0);

    /// <summary>
    /// From now on all threads allocate from one heap (M_ARENA_MAX, mallopt(3)). By default each gets one of its own, which keeps a megabyte
    /// for each thread that once called a library. For programs whose threads seldom allocate at the same time; call it first of all.
    /// </summary>
    public static void Share() => _ = Libc.mallopt(Libc.MALLOPT_ARENA_MAX, 1);
}
