using System.Text.Json;
using Ambient.CniAgent.Enrollment;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;
using PodSpec = Ambient.CniAgent.PodNamespaces.PodSpec;

namespace Ambient.CniAgent.PodWatch;

/// <summary>
/// Says on the pods how they stand: by the annotation that the control plane reads, and by Events for people. Works behind
/// its callers, a few pods at once; of the annotation only the latest value is written.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed partial class PodReports(ApiClient api, string node, TimeProvider time, ILogger<PodReports> logger) : IEnrollmentObserver
{
    /// <summary><c>enabled</c>: captured and served; <c>pending</c>: closed and not served yet; absent: neither.</summary>
    public const string Annotation = "ambient.istio.io/redirection";

    private const int MaxMessage = 1024; // what the API takes
    private const int AtOnce = 4;
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, PodReport> _reports = [];
    private readonly Signal _work = new();
    private long _turns;

    public void Stands(PodSpec pod, EnrollmentStatus status) => Change(pod, report =>
    {
        report.Wanted = status.State switch
        {
            EnrollmentState.Enrolled => "enabled",
            EnrollmentState.Pending => "pending",
            _ => null,
        };
        if (status.State != EnrollmentState.Enrolled)
        {
            var state = status.State == EnrollmentState.Pending ? "its TCP is refused until a node proxy serves it" : "it is not captured";
            Tell(report, "Warning", "MeshEnrollmentFailed", $"The pod is to be in the mesh, but {state}: {status.Error} It is tried again.");
        }
        else if (report.HasComplained)
        {
            Tell(report, "Normal", "MeshEnrolled", "The pod is captured and served now.");
        }
        report.HasComplained = status.State != EnrollmentState.Enrolled;
    });

    /// <summary>
    /// A new sandbox is about to be captured and served: it is written meanwhile, as nobody knows its address before the plugin
    /// is answered, and taken back if it comes otherwise.
    /// </summary>
    public void Expect(PodSpec pod) => Change(pod, static report => report.Wanted = "enabled");

    public void Repaired(PodSpec pod, string found) => Change(pod, report => Tell(report, "Warning", "MeshRulesRepaired",
        $"Something had changed the pod's redirection, and it was put back: {found}. Connections made meanwhile may have bypassed the mesh. " +
        "Look for a program with NET_ADMIN in the pod or on the node."));

    /// <summary>It was taken out of the mesh, which may have lasted longer than the pod.</summary>
    public void Left(PodSpec pod)
    {
        lock (_lock)
        {
            if (_reports.ContainsKey(pod.Uid))
                Change(pod, static report => (report.Wanted, report.HasComplained) = (null, false));
        }
    }

    /// <summary>What about the pod its owner should know.</summary>
    public void Notes(Pod pod, IReadOnlyList<string> sentences)
    {
        if (sentences.Count == 0)
            return;
        Change(pod.Metadata.Uid ?? "", ObjectName.Of(pod), report =>
        {
            foreach (var sentence in sentences)
                Tell(report, "Warning", "MeshConfigurationProblem", sentence);
        });
    }

    /// <summary>What the API has now: somebody else may have changed the annotation.</summary>
    public void Seen(Pod pod) => Change(pod.Metadata.Uid ?? "", ObjectName.Of(pod), report => report.Actual = pod.Metadata.Annotation(Annotation));

    /// <summary>Completes once the pod's annotation says how it stands.</summary>
    public Task WrittenAsync(string uid)
    {
        lock (_lock)
            return _reports.GetValueOrDefault(uid)?.Written ?? Task.CompletedTask;
    }

    /// <summary>Pods of which something is known.</summary>
    public int Count { get { lock (_lock) return _reports.Count; } }

    /// <summary>There is no such pod any more.</summary>
    public void Forget(string uid)
    {
        lock (_lock)
            _reports.Remove(uid);
    }

    /// <summary>Writes until <paramref name="stop"/> fires.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => WorkAsync(stop)));

    private async Task WorkAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (Next() is not { } report)
            {
                await _work.WaitAsync(Timeout.InfiniteTimeSpan, time, stop);
                continue;
            }
            if (!await WriteAsync(report, stop))
                await Task.Delay(RetryPause, time, stop).ContinueWith(static _ => { }, TaskScheduler.Default);
            Return(report);
        }
    }

    private void Change(PodSpec pod, Action<PodReport> change) => Change(pod.Uid, new ObjectName(pod.Namespace, pod.Name), change);

    private void Change(string uid, ObjectName name, Action<PodReport> change)
    {
        bool isDue;
        lock (_lock)
        {
            if (!_reports.TryGetValue(uid, out var report))
                _reports[uid] = report = new PodReport(uid, name);
            change(report);
            report.Settle();
            isDue = report.IsDue;
        }
        if (isDue)
            _work.Set();
    }

    private void Tell(PodReport report, string type, string reason, string message) => report.Tell(type, reason, message, time.GetUtcNow());

    // Annotations first, of them and of the rest who has waited longest: what the API refuses again and again holds up nobody.
    // Whoever takes one wakes the next: there may be more.
    private PodReport? Next()
    {
        lock (_lock)
        {
            if (_reports.Values.Where(static report => report is { IsDue: true, IsTaken: false })
                .MinBy(static report => (!report.AnnotationDiffers, report.Turn)) is not { } due)
                return null;
            (due.IsTaken, due.Turn) = (true, ++_turns);
            _work.Set();
            return due;
        }
    }

    private void Return(PodReport report)
    {
        lock (_lock)
            report.IsTaken = false;
    }

    /// <returns>False if it has to be tried again.</returns>
    private async Task<bool> WriteAsync(PodReport report, CancellationToken stop)
    {
        string? wanted;
        bool differs;
        lock (_lock)
            (wanted, differs) = (report.Wanted, report.AnnotationDiffers);
        try
        {
            if (differs)
                await api.MergePatchStatusAsync(ResourceTypes.Pod, report.Name, Patch(report.Uid, wanted), stop);
            IsWritten(report, differs, wanted);
            while (NoticeOf(report) is { } notice)
            {
                await api.CreateAsync(ResourceTypes.Event, EventOf(report, notice), stop);
                lock (_lock)
                    report.Notices.Remove(notice);
            }
        }
        catch (OperationCanceledException)
        {
            return true;
        }
        catch (ApiException error) when (!error.IsNotFound && error.Code != System.Net.HttpStatusCode.Conflict)
        {
            Log.NotWritten(logger, report.Name, error.Message);
            return false;
        }
        catch (ApiException)
        {
            // The pod is gone, or another of the same name is there now: nothing is left to say.
            IsWritten(report, differs, wanted);
            lock (_lock)
                report.Notices.Clear();
        }
        return true;
    }

    private PodNotice? NoticeOf(PodReport report)
    {
        lock (_lock)
            return report.Notices.FirstOrDefault();
    }

    private void IsWritten(PodReport report, bool differs, string? wanted)
    {
        lock (_lock)
        {
            if (differs)
                report.Actual = wanted;
            report.Settle();
        }
    }

    // With the uid: a pod that took over the name meanwhile is not written to.
    private static byte[] Patch(string uid, string? wanted)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteString("uid", uid);
            json.WriteStartObject("annotations");
            json.WriteString(Annotation, wanted); // null removes it
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    private Event EventOf(PodReport report, PodNotice notice) => new()
    {
        Metadata = new ObjectMeta { Namespace = report.Name.Namespace, Name = $"{report.Name.Name}.{Guid.NewGuid():n}" },
        InvolvedObject = new InvolvedObject
        {
            ApiVersion = "v1", Kind = "Pod", Namespace = report.Name.Namespace, Name = report.Name.Name, Uid = report.Uid,
        },
        Type = notice.Type,
        Reason = notice.Reason,
        Message = notice.Message.Length > MaxMessage ? notice.Message[..(MaxMessage - 1)] + "…" : notice.Message,
        Source = new EventSource("ambient-agent", node),
        FirstTimestamp = notice.At,
        LastTimestamp = notice.At,
        Count = 1,
    };

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 782.
    private static partial class Log
    {
        [LoggerMessage(781, LogLevel.Warning, "What became of pod {Pod} is not written on it yet: {Reason}")]
        public static partial void NotWritten(ILogger logger, ObjectName pod, string reason);
    }
}
