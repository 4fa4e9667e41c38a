using Ambient.Linux.Files;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent.Journal;

/// <summary>The pods of this node on disk, a file each: which sandboxes must be captured is known before the Kubernetes API answers.</summary>
/// <remarks>
/// Thread-safe for different pods. A file is replaced as a whole and flushed, so a crash of the machine costs at most the entry being
/// written. One that makes no sense is reported and removed, one that the disk does not give is reported and stays; their pods are learnt again from the API.
/// </remarks>
internal sealed partial class PodJournal(string stateDirectory, ILogger<PodJournal> logger)
{
    private const int MaxEntries = 8192;

    private readonly string _directory = Path.Combine(stateDirectory, "pods");

    /// <summary>Whether an agent has ever written here: without that, nothing is known and the API has to be waited for.</summary>
    public bool Exists => Directory.Exists(_directory);

    /// <summary>All entries.</summary>
    /// <exception cref="IOException">The directory cannot be read or made.</exception>
    public IReadOnlyList<JournalEntry> ReadAll()
    {
        Directory.CreateDirectory(_directory);
        var entries = new List<JournalEntry>();
        foreach (var file in Directory.GetFiles(_directory, "*.json").Order(StringComparer.Ordinal).Take(MaxEntries))
        {
            if (Read(file) is { } entry)
                entries.Add(entry);
        }
        Log.Opened(logger, _directory, entries.Count);
        return entries;
    }

    /// <exception cref="IOException">Not written. What was there before still is, unless it says that the pod may start outside of the mesh, which it may not any more.</exception>
    public void Write(JournalEntry entry)
    {
        var file = FileOf(entry.Pod.Uid);
        try
        {
            AtomicFile.Write(file, entry.ToJson(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (entry.InMesh && File.Exists(file) && Read(file) is not { InMesh: true })
                File.Delete(file);
            throw;
        }
    }

    public void Remove(string uid) => File.Delete(FileOf(uid));

    private JournalEntry? Read(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            var bytes = new byte[JournalEntry.MaxBytes + 1];
            var entry = JournalEntry.Parse(bytes.AsSpan(0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
            return FileOf(entry.Pod.Uid) == file ? entry : throw new FormatException($"it is of pod {entry.Pod.Uid}, which its name does not say");
        }
        catch (FormatException error)
        {
            Log.Unreadable(logger, file, error.Message);
            Drop(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.NotGiven(logger, file, error.Message); // perhaps it is the next time: it stays
        }
        return null;
    }

    private void Drop(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.NotDropped(logger, file, error.Message);
        }
    }

    /// <exception cref="FormatException">No uid of a pod: it would be another path.</exception>
    private string FileOf(string uid) => uid.Length is > 0 and <= 128 && uid.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        ? Path.Combine(_directory, uid + ".json")
        : throw new FormatException($"'{uid}' is no uid: 1 to 128 letters, digits, - and _ are expected");

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 745.
    private static partial class Log
    {
        [LoggerMessage(741, LogLevel.Information, "{Directory} has {Count} pods from before")]
        public static partial void Opened(ILogger logger, string directory, int count);

        [LoggerMessage(742, LogLevel.Error, "{File} is dropped, its pod is learnt again from the API: {Reason}")]
        public static partial void Unreadable(ILogger logger, string file, string reason);

        [LoggerMessage(743, LogLevel.Error, "{File} cannot be removed: {Reason}. Check the node's disk")]
        public static partial void NotDropped(ILogger logger, string file, string reason);

        [LoggerMessage(744, LogLevel.Error, "{File} cannot be read, its pod is learnt again from the API: {Reason}. Check the node's disk")]
        public static partial void NotGiven(ILogger logger, string file, string reason);
    }
}
