using System.Text.Json;
using Ambient.CniAgent.Enrollment;
using Ambient.CniAgent.PodNamespaces;
using Ambient.Linux.Files;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent.PodFiles;

/// <summary>
/// Watches a directory in which each <c>NAME.json</c> is a pod that is to be in the mesh: a new file enrols, a removed one
/// takes the pod out again. How it stands is written to <c>NAME.status</c> beside it.
/// </summary>
/// <remarks>
/// A file that cannot be read changes nothing about the pod it described before. Status files outlive this process: a pod
/// whose file was removed meanwhile is taken out at the next start.
/// </remarks>
internal sealed partial class PodDirectory(
    string path, bool captureDnsByDefault, NodeEnrollment enrollment, TimeProvider time, ILogger<PodDirectory> logger)
{
    private const int MaxPods = 4096;

    // In case the file system does not tell of changes.
    private static readonly TimeSpan RescanInterval = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, KnownFile> _known = [];

    /// <summary>Watches until <paramref name="stop"/> fires. Pods are left as they are.</summary>
    /// <param name="read">Called each time the whole directory was read.</param>
    /// <exception cref="IOException">The directory cannot be made or watched.</exception>
    public async Task RunAsync(Action read, CancellationToken stop)
    {
        Directory.CreateDirectory(path);
        var changed = new Signal();
        using var watch = new FileWatch(Path.Combine(path, "*"), changed.Set);
        await RemoveLeftOversAsync();
        while (!stop.IsCancellationRequested)
        {
            await ScanAsync();
            read();
            await changed.WaitAsync(RescanInterval, time, stop);
        }
    }

    private async Task ScanAsync()
    {
        var present = Directory.GetFiles(path, "*.json").Order(StringComparer.Ordinal).ToList();
        if (present.Count > MaxPods)
            Log.TooMany(logger, path, present.Count, MaxPods);
        foreach (var file in _known.Keys.Except(present).ToList())
            await ForgetAsync(file);
        foreach (var file in present.Take(MaxPods))
            await ReadAsync(file);
    }

    private async Task ReadAsync(string file)
    {
        var known = _known.GetValueOrDefault(file) ?? (_known[file] = new KnownFile());
        try
        {
            var bytes = ReadBytes(file);
            if (known.Content is not null && bytes.AsSpan().SequenceEqual(known.Content))
                return;
            known.Content = bytes;
            var pod = PodFile.Parse(bytes);
            var spec = pod.ToSpec(captureDnsByDefault, out var warnings);
            RequireOwnUid(file, spec);
            foreach (var warning in warnings)
                Log.Ignored(logger, file, warning);
            await WantAsync(file, known, pod, spec, warnings);
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException)
        {
            Log.NotRead(logger, file, error.Message);
            WriteStatus(file, new PodStatusFile
            {
                State = EnrollmentMetrics.NameOf(EnrollmentState.Failed), Error = error.Message, Pod = known.Pod,
            });
        }
    }

    private async Task WantAsync(string file, KnownFile known, PodFile pod, PodSpec spec, IReadOnlyList<string> warnings)
    {
        if (known.Spec is { } before && before.Uid != spec.Uid)
            await enrollment.UnwantAsync(before);
        (known.Pod, known.Spec) = (pod, spec);
        await enrollment.WantAsync(spec, new StatusFile(this, file, pod, warnings));
    }

    private async Task ForgetAsync(string file)
    {
        _known.Remove(file, out var known);
        if (known!.Spec is { } spec)
            await enrollment.UnwantAsync(spec, removed: () => DeleteStatus(file));
        else
            DeleteStatus(file);
    }

    private async Task RemoveLeftOversAsync()
    {
        foreach (var status in Directory.GetFiles(path, "*.status"))
        {
            var file = Path.ChangeExtension(status, ".json");
            if (File.Exists(file))
                continue;
            try
            {
                if (JsonSerializer.Deserialize(ReadBytes(status), PodFileJson.Default.PodStatusFile)?.Pod is { } pod)
                    await enrollment.UnwantAsync(pod.ToSpec(captureDnsByDefault, out _), removed: () => DeleteStatus(file));
                else
                    DeleteStatus(file);
            }
            catch (Exception error) when (error is FormatException or JsonException or IOException)
            {
                Log.NotRead(logger, status, error.Message);
            }
        }
    }

    private void RequireOwnUid(string file, PodSpec spec)
    {
        foreach (var (other, known) in _known)
        {
            if (other != file && known.Spec?.Uid == spec.Uid)
                throw new FormatException($"uid '{spec.Uid}' is already that of {Path.GetFileName(other)}.");
        }
    }

    private static byte[] ReadBytes(string file)
    {
        using var stream = File.OpenRead(file);
        var bytes = new byte[PodFile.MaxBytes + 1];
        return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }

    // Replaced as a whole: who reads it never sees half of it.
    private void WriteStatus(string file, PodStatusFile status)
    {
        var target = Path.ChangeExtension(file, ".status");
        try
        {
            File.WriteAllBytes(target + ".new", JsonSerializer.SerializeToUtf8Bytes(status, PodFileJson.Default.PodStatusFile));
            File.Move(target + ".new", target, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.NotWritten(logger, target, error.Message);
        }
    }

    private void DeleteStatus(string file)
    {
        try
        {
            File.Delete(Path.ChangeExtension(file, ".status"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.NotWritten(logger, file, error.Message);
        }
    }

    private sealed class StatusFile(PodDirectory directory, string file, PodFile pod, IReadOnlyList<string> warnings) : IEnrollmentObserver
    {
        public void Stands(PodSpec spec, EnrollmentStatus status) => directory.WriteStatus(file, new PodStatusFile
        {
            State = EnrollmentMetrics.NameOf(status.State), Error = status.Error, Warnings = [.. warnings], Pod = pod,
        });

        public void Repaired(PodSpec spec, string found)
        {
            // The log and the metrics have it.
        }
    }

    private sealed class KnownFile
    {
        public byte[]? Content { get; set; }

        public PodFile? Pod { get; set; }

        public PodSpec? Spec { get; set; }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 685.
    private static partial class Log
    {
        [LoggerMessage(681, LogLevel.Error, "{File}: {Reason}")]
        public static partial void NotRead(ILogger logger, string file, string reason);

        [LoggerMessage(682, LogLevel.Warning, "{File}: {Reason}")]
        public static partial void Ignored(ILogger logger, string file, string reason);

        [LoggerMessage(683, LogLevel.Error, "The status in {File} could not be written: {Reason}")]
        public static partial void NotWritten(ILogger logger, string file, string reason);

        [LoggerMessage(684, LogLevel.Error, "{Path} has {Count} pods; only the first {Limit} are read")]
        public static partial void TooMany(ILogger logger, string path, int count, int limit);
    }
}
