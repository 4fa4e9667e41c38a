using Ambient.Hosting.Metrics;
using Ambient.Linux.Files;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent.Install;

/// <summary>
/// Keeps the plugin installed: its binary, and its entry at the end of the configuration that the runtime uses. Put back
/// whenever somebody overwrites either, and moved when another configuration takes the first place.
/// </summary>
/// <remarks>Files are replaced as a whole, so a runtime never reads half of one. A primary configuration that is missing is waited for.</remarks>
internal sealed partial class PluginInstaller(
    InstallOptions options, PluginEntry entry, MetricRegistry metrics, TimeProvider time, ILogger<PluginInstaller> logger)
{
    private const string ListExtension = ".conflist";

    // In case the file system does not tell of changes, and after an error.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(10);

    // So that two programs which both insist do not fill the disk with each other's files.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);

    private readonly MetricFamily<Counter> _installs = metrics.AddCounters(
        "istio_cni_installs", "Times that the plugin or its configuration was written, or could not be.", ["result"]);
    private string? _lastProblem;

    /// <summary>Installs, and keeps it so until <paramref name="stop"/> fires.</summary>
    /// <param name="installed">Told after each look whether everything is in place.</param>
    /// <exception cref="IOException">The directories cannot be watched.</exception>
    public async Task RunAsync(Action<bool> installed, CancellationToken stop)
    {
        var changed = new Signal();
        using var configurations = new FileWatch(Path.Combine(options.ConfigurationDirectory, "*"), changed.Set);
        using var binaries = new FileWatch(Path.Combine(options.BinaryDirectory, ConflistEditor.PluginType), changed.Set);
        while (!stop.IsCancellationRequested)
        {
            installed(Install());
            await changed.WaitAsync(LookAgain, time, stop);
            await Task.Delay(ShortestPause, time, stop).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    /// <summary>Removes the entry from every configuration, then the binary. What is not there is no error.</summary>
    public void Uninstall()
    {
        try
        {
            TakeOut(Configurations());
            File.Delete(Path.Combine(options.BinaryDirectory, ConflistEditor.PluginType));
            Log.Uninstalled(logger);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            Log.NotUninstalled(logger, error.Message);
        }
    }

    /// <returns>Whether everything is in place now.</returns>
    internal bool Install()
    {
        try
        {
            CopyBinary();
            return Configure();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            _installs.With("CREATE_CNI_CONFIG_FAILURE").Increment();
            Report(error.Message);
            return false;
        }
    }

    private void CopyBinary()
    {
        var target = Path.Combine(options.BinaryDirectory, ConflistEditor.PluginType);
        var binary = File.ReadAllBytes(options.Binary);
        if (File.Exists(target) && new FileInfo(target).Length == binary.Length && File.ReadAllBytes(target).AsSpan().SequenceEqual(binary))
            return;
        AtomicFile.Write(target, binary, (UnixFileMode)0b111_101_101);
        Log.Copied(logger, target);
    }

    private bool Configure()
    {
        var files = Configurations();
        if (Primary(files) is not { } primary)
        {
            Report($"{options.ConfigurationDirectory} has no CNI configuration yet; it is waited for");
            return false;
        }
        if (ConflistEditor.WithPlugin(Read(primary), entry) is { } edited)
            Write(primary, edited);
        TakeOut(files.Where(file => file != primary));
        _lastProblem = null;
        return true;
    }

    // A file with one plugin's configuration becomes a list, and lists are called so.
    private void Write(string file, byte[] edited)
    {
        var target = Path.ChangeExtension(file, ListExtension);
        AtomicFile.Write(target, edited, File.GetUnixFileMode(file));
        if (target != file)
            File.Delete(file);
        _installs.With("SUCCESS").Increment();
        Log.Installed(logger, target);
    }

    // What is no configuration is somebody else's affair, as it is for runtimes.
    private static void TakeOut(IEnumerable<string> files)
    {
        foreach (var file in files.Where(static file => ConflistEditor.HasPlugin(Read(file))))
        {
            if (ConflistEditor.WithoutPlugin(Read(file)) is { } edited)
                AtomicFile.Write(file, edited, File.GetUnixFileMode(file));
        }
    }

    private string? Primary(IReadOnlyList<string> files) => options.ConfigurationName is { } name
        ? files.FirstOrDefault(file => Path.GetFileName(file) == name)
            ?? files.FirstOrDefault(file => Path.GetFileNameWithoutExtension(file) == Path.GetFileNameWithoutExtension(name))
        : files.FirstOrDefault(static file => ConflistEditor.IsUsable(Read(file), Path.GetExtension(file) == ListExtension));

    // As container runtimes look: the same kinds of names, in the same order.
    private List<string> Configurations() => !Directory.Exists(options.ConfigurationDirectory) ? [] :
        [.. Directory.GetFiles(options.ConfigurationDirectory)
            .Where(static file => Path.GetExtension(file) is ".conf" or ListExtension or ".json")
            .Order(StringComparer.Ordinal)];

    /// <returns>Nothing for a file that is gone, or a link that leads nowhere.</returns>
    private static byte[] Read(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            var bytes = new byte[Math.Min(stream.Length, ConflistEditor.MaxBytes) + 1];
            return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    private void Report(string problem)
    {
        if (problem == _lastProblem)
            return;
        _lastProblem = problem;
        Log.NotInstalled(logger, problem);
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 706.
    private static partial class Log
    {
        [LoggerMessage(701, LogLevel.Information, "The CNI plugin is chained in {File}")]
        public static partial void Installed(ILogger logger, string file);

        [LoggerMessage(702, LogLevel.Information, "The CNI plugin was copied to {File}")]
        public static partial void Copied(ILogger logger, string file);

        [LoggerMessage(703, LogLevel.Warning, "The CNI plugin is not installed: {Reason}")]
        public static partial void NotInstalled(ILogger logger, string reason);

        [LoggerMessage(704, LogLevel.Information, "The CNI plugin was uninstalled")]
        public static partial void Uninstalled(ILogger logger);

        [LoggerMessage(705, LogLevel.Error, "The CNI plugin could not be uninstalled: {Reason}. Remove its entry from the node's CNI configuration by hand, or no pod will start")]
        public static partial void NotUninstalled(ILogger logger, string reason);
    }
}
