using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Ambient.Linux;

/// <summary>What we call of libc, under its C names. Nothing here interprets a result: see <see cref="CallResult"/>.</summary>
/// <remarks>
/// errno is read by the caller right after a failed call. The runtime keeps it across the return from native code, so
/// declarations do not pay for <c>SetLastError</c>, which also clears it before every call.
/// </remarks>
internal static unsafe partial class Libc
{
    private const string Name = "libc";

    [LibraryImport(Name)] internal static partial int close(int fd);
    [LibraryImport(Name)] internal static partial nint read(int fd, void* buffer, nuint count);
    [LibraryImport(Name)] internal static partial nint write(int fd, void* buffer, nuint count);
    [LibraryImport(Name)] internal static partial int open(byte* path, int flags, int mode);
    [LibraryImport(Name)] internal static partial int fcntl(int fd, int command, int argument);
    [LibraryImport(Name)] internal static partial int unlink(byte* path);
    [LibraryImport(Name)] internal static partial int fsync(int fd);
    [LibraryImport(Name)] internal static partial int poll(PollDescriptor* descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport(Name)] internal static partial int epoll_create1(int flags);
    [LibraryImport(Name)] internal static partial int epoll_ctl(int epoll, int operation, int fd, void* @event);
    [LibraryImport(Name)] internal static partial int epoll_wait(int epoll, void* events, int maxEvents, int timeoutMilliseconds);
    [LibraryImport(Name)] internal static partial int eventfd(uint initial, int flags);

    [LibraryImport(Name)] internal static partial int inotify_init1(int flags);
    [LibraryImport(Name)] internal static partial int inotify_add_watch(int fd, byte* path, uint mask);
    [LibraryImport(Name)] internal static partial int inotify_rm_watch(int fd, int watch);

    [LibraryImport(Name)] internal static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, nint offset);
    [LibraryImport(Name)] internal static partial int munmap(void* address, nuint length);
    internal const int MALLOPT_ARENA_MAX = -8;
    [LibraryImport(Name)] internal static partial int malloc_trim(nuint keep);
    [LibraryImport(Name)] internal static partial int mallopt(int parameter, int value);
    [LibraryImport(Name)] internal static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport(Name)] internal static partial int setns(int fd, int type);
    [LibraryImport(Name)] internal static partial int gettid();
    [LibraryImport(Name)] internal static partial int getrlimit(int resource, ResourceLimit* limit);
    [LibraryImport(Name)] internal static partial int setrlimit(int resource, ResourceLimit* limit);
    [LibraryImport(Name)] internal static partial int statx(int directory, byte* path, int flags, uint mask, void* result);

    internal const int O_RDONLY = 0, O_CLOEXEC = 0x80000;                       // <bits/fcntl-linux.h>
    internal const int F_DUPFD_CLOEXEC = 1030;                                   // <linux/fcntl.h>
    internal const short POLLIN = 1, POLLOUT = 4;                                // <bits/poll.h>
    internal const int EPOLL_CLOEXEC = 0x80000, EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3; // <sys/epoll.h>
    internal const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800;              // <bits/eventfd.h>
    internal const int PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20, MADV_DONTNEED = 4; // <bits/mman-linux.h>
    internal const int CLONE_NEWNET = 0x40000000;                                // <linux/sched.h>
    internal const int RLIMIT_NOFILE = 7;                                        // <bits/resource.h>

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Fd;
        internal short Events;
        internal short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ResourceLimit
    {
        internal ulong Soft;
        internal ulong Hard;
    }
}
