using Ambient.CniAgent.PodNamespaces;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent.Journal;

/// <summary>Writes the journal behind its callers: what becomes of one pod in order, different pods at once, so that the disk flushes them together.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed partial class JournalWriter(PodJournal journal, ILogger<JournalWriter> logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task> _writing = [];

    public void Write(JournalEntry entry) => Queue(entry.Pod, () => journal.Write(entry));

    public void Remove(PodSpec pod) => Queue(pod, () => journal.Remove(pod.Uid));

    /// <summary>Completes when all that was said of the pod so far is on the disk, or could not be written, which the log says.</summary>
    public Task WrittenAsync(string uid)
    {
        lock (_lock)
            return _writing.GetValueOrDefault(uid) ?? Task.CompletedTask;
    }

    /// <summary>Completes when nothing is left to be written.</summary>
    public Task WrittenAsync()
    {
        lock (_lock)
            return Task.WhenAll(_writing.Values);
    }

    private void Queue(PodSpec pod, Action write)
    {
        lock (_lock)
        {
            var last = _writing.GetValueOrDefault(pod.Uid) ?? Task.CompletedTask;
            var next = _writing[pod.Uid] = last.ContinueWith(_ => Run(pod, write), TaskScheduler.Default);
            next.ContinueWith(done => Forget(pod.Uid, done), TaskScheduler.Default);
        }
    }

    private void Forget(string uid, Task done)
    {
        lock (_lock)
        {
            if (_writing.GetValueOrDefault(uid) == done)
                _writing.Remove(uid);
        }
    }

    // A journal that cannot be written costs nothing now: after a reboot the pod waits for the API instead.
    private void Run(PodSpec pod, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            Log.NotWritten(logger, pod, error.Message);
        }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 762.
    private static partial class Log
    {
        [LoggerMessage(761, LogLevel.Error, "The journal has not what became of {Pod}: {Reason}")]
        public static partial void NotWritten(ILogger logger, PodSpec pod, string reason);
    }
}
