using System.Text;

namespace Ambient.Linux.Files;

/// <summary>Calls back when a file may have changed, also if it, or its directory, does not exist yet or is replaced as a whole.</summary>
/// <remarks>
/// Watches directories rather than the file: editors and Kubernetes volumes replace files by renaming, and others turn a link to
/// another directory, which a watch on the file itself does not see. Calls back also for neighbours, so the receiver re-reads and
/// compares.
/// </remarks>
public sealed unsafe class FileWatch : IDisposable
{
    // <sys/inotify.h>: ATTRIB, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF, MOVE_SELF
    private const uint Changes = 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800;
    private const uint OnlyDirectory = 0x1000000;
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800;

    private readonly string _file;
    private readonly Action _changed;
    private readonly Descriptor _inotify;
    private readonly EventFd _stop = new();
    private readonly Thread _thread;
    private HashSet<int> _watches = [];

    /// <param name="file">Absolute path of the file (or directory) to watch.</param>
    /// <param name="changed">Called on a thread of the watch after each change; must not throw.</param>
    /// <exception cref="LinuxException">EMFILE: out of inotify instances (sysctl fs.inotify.max_user_instances).</exception>
    public FileWatch(string file, Action changed)
    {
        _file = Path.Combine(Environment.CurrentDirectory, file);
        _changed = changed;
        _inotify = new(CallResult.Of(Libc.inotify_init1(CloseOnExec | NonBlocking)).OrThrow("inotify_init1"));
        WatchTheWay();
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
            WatchTheWay();
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

    // Looked for again after every change: a directory that was replaced is another inode under the same path, and a link may lead
    // elsewhere. And once more after the last move: what was made in between was not missed.
    private void WatchTheWay()
    {
        for (var settled = false; !settled;)
        {
            var watches = new HashSet<int>();
            foreach (var directory in PathTrail.DirectoriesOf(_file))
                if (AddNearest(directory) is >= 0 and var watch) watches.Add(watch);
            settled = watches.SetEquals(_watches);
            _watches.ExceptWith(watches);
            foreach (var old in _watches) _ = Libc.inotify_rm_watch(_inotify.Value, old);
            _watches = watches;
        }
    }

    // A directory that may not be watched, or is gone by now, is told of by the one above.
    private int AddNearest(string directory)
    {
        var watch = Add(directory);
        while (watch < 0 && Path.GetDirectoryName(directory) is { } above)
            watch = Add(directory = above);
        return watch;
    }

    private int Add(string directory)
    {
        fixed (byte* raw = Encoding.UTF8.GetBytes(directory + '\0'))
            return Libc.inotify_add_watch(_inotify.Value, raw, Changes | OnlyDirectory);
    }
}
