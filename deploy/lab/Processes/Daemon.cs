using System.Diagnostics;

namespace Ambient.Lab.Processes;

/// <summary>A program that keeps running inside a network namespace and writes its output to a file.</summary>
/// <remarks>
/// The file, not a pipe: the program never waits for its reader, and what it wrote last can be read after it died.
/// Signals go to its own process id only.
/// </remarks>
public sealed class Daemon : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private bool _disposed;

    private Daemon(string name, Process process, string logFile) => (Name, _process, LogFile) = (name, process, logFile);

    public string Name { get; }
    public string LogFile { get; }
    public int Id => _process.Id;
    public bool IsRunning => !_process.HasExited;

    /// <summary>The exit code once it has ended; 128 + n after signal n.</summary>
    public int ExitCode => _process.ExitCode;

    /// <param name="ns">The network namespace it lives in; null for the caller's.</param>
    /// <param name="logFile">Appended to.</param>
    public static Daemon Start(
        string name, string? ns, string logFile, IEnumerable<KeyValuePair<string, string>> environment, string program, params IEnumerable<string> arguments) =>
        Start(name, new ProcessPlace(ns), logFile, environment, program, arguments);

    /// <param name="logFile">Appended to.</param>
    public static Daemon Start(
        string name, ProcessPlace place, string logFile, IEnumerable<KeyValuePair<string, string>> environment, string program, params IEnumerable<string> arguments)
    {
        // `exec` each time: the shells and ip replace themselves, so our child's id is the program's.
        string[] all = [program, .. arguments];
        if (place.Mounts is { Count: > 0 } mounts) all = [.. Mounting(mounts), .. all];
        all = ["sh", "-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", logFile, .. all];
        if (place.Namespace is { } ns) all = ["ip", "netns", "exec", ns, .. all];
        if (place.ControlGroup is { } group) all = ["sh", "-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"", group, .. all];
        var start = new ProcessStartInfo(all[0], all[1..]) { WorkingDirectory = place.Directory ?? "" };
        foreach (var (key, value) in environment) start.Environment[key] = value;
        var process = Process.Start(start) ?? throw new LabException($"{program} did not start.");
        return new(name, process, logFile);
    }

    // `ip netns exec` has given the process a mount namespace of its own: what is mounted here goes with it.
    private static IEnumerable<string> Mounting(IReadOnlyList<BindMount> mounts) =>
    [
        "sh", "-c", "while [ \"$1\" != -- ]; do mount -o \"$1\" \"$2\" \"$3\" || exit 125; shift 3; done; shift; exec \"$@\"", "sh",
        .. mounts.SelectMany(static mount => (string[])[mount.IsReadOnly ? "bind,ro" : "rbind", mount.Source, mount.Target]), "--",
    ];

    public string ReadLog() => ReadLog(LogFile);

    /// <summary>What a daemon has written so far to its file; empty if there is none.</summary>
    public static string ReadLog(string file)
    {
        if (!File.Exists(file)) return "";
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    public Task WaitForLogAsync(string text, TimeSpan? limit = null) => WaitForLogAsync(log => log.Contains(text, StringComparison.Ordinal), $"\"{text}\"", limit);

    /// <exception cref="LabException">It did not log that in time, or ended; the message carries the end of the log.</exception>
    public Task WaitForLogAsync(Func<string, bool> condition, string what, TimeSpan? limit = null) => Until.TrueAsync(
        () =>
        {
            if (condition(ReadLog())) return Task.FromResult(true);
            if (!IsRunning) throw new LabException($"{Name} ended with {ExitCode} before it logged {what}:\n{LogTail()}");
            return Task.FromResult(false);
        },
        () => $"{Name} logs {what}. Its log ends with:\n{LogTail()}", limit);

    public string LogTail(int lines = 40) => string.Join('\n', ReadLog().TrimEnd().Split('\n').TakeLast(lines));

    /// <summary>Sends a signal ("TERM", "KILL", "STOP") to this process alone.</summary>
    public void Signal(string name)
    {
        if (IsRunning) using (var kill = Process.Start("kill", [$"-{name}", $"{Id}"])) kill.WaitForExit();
    }

    public async Task WaitForExitAsync(TimeSpan? limit = null)
    {
        using var expiry = new CancellationTokenSource(limit ?? StopLimit);
        try { await _process.WaitForExitAsync(expiry.Token); }
        catch (OperationCanceledException) { throw new LabException($"{Name} is still running. Its log ends with:\n{LogTail()}"); }
    }

    public async Task KillAsync()
    {
        if (IsRunning) _process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>SIGTERM, then the time to drain, then SIGKILL.</summary>
    public async Task StopAsync(TimeSpan? limit = null)
    {
        Signal("TERM");
        try { await WaitForExitAsync(limit); }
        catch (LabException) { await KillAsync(); }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        await KillAsync();
        _process.Dispose();
    }
}
