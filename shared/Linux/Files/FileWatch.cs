using System.Text;

namespace Ambient.Linux.Files;

/// <summary>Calls back when a file may have changed, also if it, or its directory, does not exist yet or is replaced as a whole.</summary>
/// <remarks>
/// Watches the directory rather than the file: editors and Kubernetes volumes replace files by renaming, which a watch on
/// the file itself does not see. Calls back also for neighbours, so the receiver re-reads and compares.
/// </remarks>
public sealed unsafe class FileWatch : IDisposable
{
    // <sys/inotify.h>: ATTRIB, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF
    private const uint Changes = 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800;
    private const uint OnlyDirectory = 0x1000000;
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800;

    private readonly string _directory;
    private readonly Action _changed;
    private readonly Descriptor _inotify;
    private readonly EventFd _stop = new();
    private readonly Thread _thread;
    private int _watch = -1;
    private string? _watched;

    /// <param name="file">Absolute path of the file (or directory) to watch.</param>
    /// <param name="changed">Called on a thread of the watch after each change; must not throw.</param>
    /// <exception cref="LinuxException">EMFILE: out of inotify instances (sysctl fs.inotify.max_user_instances).</exception>
    public FileWatch(string file, Action changed)
    {
        _directory = Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/";
        _changed = changed;
        _inotify = new(CallResult.Of(Libc.inotify_init1(CloseOnExec | NonBlocking)).OrThrow("inotify_init1"));
        WatchNearestDirectory();
        _thread = new(Run, maxStackSize: 256 * 1024) { Name = "file watch", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Stops; no call back is running or will come after this returns (unless it is called from one).</summary>
    public void Dispose()
    {
        if (_inotify.IsClosed)
            return;
        _stop.Signal();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _inotify.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        while (WaitForChange())
        {
            Drain();
            WatchNearestDirectory();
            _changed();
        }
    }

    private bool WaitForChange()
    {
        var polls = stackalloc Libc.PollDescriptor[2];
        while (!_inotify.IsClosed)
        {
            polls[0] = new() { Fd = _inotify.Value, Events = Libc.POLLIN };
            polls[1] = new() { Fd = _stop.Descriptor, Events = Libc.POLLIN };
            if (Libc.poll(polls, 2, -1) <= 0)
                continue;
            if (polls[1].Returned != 0)
                return false;
            return true;
        }

        return false;
    }

    // Which event it was does not matter; a queue that overflowed is a change too.
    private void Drain()
    {
        var events = stackalloc byte[4096];
        while (Libc.read(_inotify.Value, events, 4096) > 0)
        {
        }
    }

    // While the directory is missing, the nearest one above tells when it (or the next step to it) appears. Looked for
    // again after every change: a directory that was replaced is another inode under the same path.
    private void WatchNearestDirectory()
    {
        while (true)
        {
            var candidate = _directory;
            var watch = Add(candidate);
            while (watch < 0 && Path.GetDirectoryName(candidate) is { } above)
                watch = Add(candidate = above);
            var settled = watch == _watch && candidate == _watched;
            if (_watch >= 0 && watch != _watch)
                _ = Libc.inotify_rm_watch(_inotify.Value, _watch);
            (_watch, _watched) = (watch, candidate);
            if (settled || watch < 0)
                return; // looked once more after the last move: a directory made in between was not missed
        }
    }

    private int Add(string directory)
    {
        fixed (byte* raw = Encoding.UTF8.GetBytes(directory + '\0'))
            return Libc.inotify_add_watch(_inotify.Value, raw, Changes | OnlyDirectory);
    }
}
