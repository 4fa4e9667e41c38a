using Ambient.Kubernetes.Resources;

namespace Ambient.CniAgent.PodWatch;

/// <summary>What is to be said on one pod. Not thread-safe.</summary>
internal sealed class PodReport(string uid, ObjectName name)
{
    private const int MaxWaiting = 8;
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, DateTimeOffset> _told = [];
    private string? _wanted;
    private bool _isDecided;
    private TaskCompletionSource? _written;

    public string Uid => uid;

    public ObjectName Name => name;

    /// <summary>The annotation's value as the API has it; null if it is absent.</summary>
    public string? Actual { get; set; }

    /// <summary>The value it should have; null if it should be absent.</summary>
    public string? Wanted
    {
        get => _wanted;
        set => (_wanted, _isDecided) = (value, true);
    }

    /// <summary>Something bad was said, so that an end of it is worth saying too.</summary>
    public bool HasComplained { get; set; }

    /// <summary>Waiting to be written, oldest first.</summary>
    public List<PodNotice> Notices { get; } = [];

    public bool AnnotationDiffers => _isDecided && Wanted != Actual;

    /// <summary>Completes once the annotation is as it should be; see <see cref="Settle"/>.</summary>
    public Task Written => AnnotationDiffers ? (_written is { Task.IsCompleted: false } ? _written : _written = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;

    /// <summary>There is something to write.</summary>
    public bool IsDue => AnnotationDiffers || Notices.Count > 0;

    /// <summary>Somebody is writing it.</summary>
    public bool IsTaken { get; set; }

    /// <summary>When it was last taken, among all; 0 for never.</summary>
    public long Turn { get; set; }

    /// <summary>Tells those who wait for <see cref="Written"/>, if it is.</summary>
    public void Settle()
    {
        if (!AnnotationDiffers)
            _written?.TrySetResult();
    }

    /// <summary>Says it, unless the same was said within 5 minutes or too much waits already.</summary>
    public void Tell(string type, string reason, string message, DateTimeOffset now)
    {
        if ((_told.TryGetValue(message, out var last) && now - last < RepeatAfter) || Notices.Count >= MaxWaiting)
            return;
        foreach (var old in _told.Where(pair => now - pair.Value >= RepeatAfter).Select(static pair => pair.Key).ToList())
            _told.Remove(old);
        _told[message] = now;
        Notices.Add(new PodNotice(type, reason, message, now));
    }
}

/// <param name="Type"><c>Normal</c> or <c>Warning</c>.</param>
internal sealed record PodNotice(string Type, string Reason, string Message, DateTimeOffset At);
