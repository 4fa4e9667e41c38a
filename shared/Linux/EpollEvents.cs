using System.Runtime.InteropServices;

namespace Ambient.Linux;

/// <summary>Room for the events of one <see cref="Epoll.Wait"/>.</summary>
public sealed unsafe class EpollEvents : IDisposable
{
    // struct epoll_event is packed on x86-64 and naturally aligned elsewhere.
    internal static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    internal static readonly int TagOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private byte* _start;

    public EpollEvents(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        Capacity = capacity;
        _start = (byte*)NativeMemory.AllocZeroed((nuint)(capacity * Stride));
    }

    ~EpollEvents() => Dispose();

    public int Capacity { get; }

    internal byte* Start => _start;

    /// <param name="index">Below what <see cref="Epoll.Wait"/> returned.</param>
    public EpollFlags Flags(int index) => *(EpollFlags*)(_start + index * Stride);

    public ulong Tag(int index) => *(ulong*)(_start + index * Stride + TagOffset);

    public void Dispose()
    {
        NativeMemory.Free(_start);
        _start = null;
        GC.SuppressFinalize(this);
    }
}
