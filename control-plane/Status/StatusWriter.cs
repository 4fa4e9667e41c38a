using System.Net;
using Ambient.ControlPlane.Indexing;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Status;

/// <summary>Makes objects say in their status what the index found out about them. Any replica may be told; the leader writes.</summary>
/// <remarks>
/// A write is server-side apply by one field manager for each family, so that other people's conditions stay, and ours go alone; of routes and of policies with ancestors see
/// <see cref="ParentStatuses"/>.
/// </remarks>
internal sealed partial class StatusWriter(IStatusTarget target, TimeProvider time, ILogger<StatusWriter> logger)
{
    // Enough to hide the API's latency; its rate is limited by the client.
    private const int Writers = 4;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1), LongestRetry = TimeSpan.FromMinutes(1);

    private readonly StatusQueue _queue = new(time, (kind, name) => target.Shown(kind, name) is not null || target.FindEntries(kind, name) is not null);
    private long _written, _failed;

    /// <summary>Objects that may have to be written. On replicas that do not lead, that is no backlog.</summary>
    public int Waiting => _queue.Count;

    /// <summary>Statuses written by this replica.</summary>
    public long Written => Interlocked.Read(ref _written);

    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>The object shall say this; replaces what it was to say before. Thread-safe.</summary>
    public void Want(ConditionSet conditions) => _queue.Put(conditions);

    /// <summary>The object is gone. Thread-safe.</summary>
    public void Forget(ResourceKind kind, ObjectName name) => _queue.Forget(kind, name);

    /// <summary>Writes what was wanted until now and from now on: the duty of a leader.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAllAsync(stop)));

    private async Task WriteAllAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var (wanted, failures) = await _queue.TakeAsync(stop);
                await WriteAsync(wanted, failures, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested) { return; }
        }
    }

    private async Task WriteAsync(ConditionSet wanted, int failures, CancellationToken stop)
    {
        try
        {
            if (IsEarly(wanted))
            {
                _queue.Retry(wanted, RetryAfter(failures));
                return;
            }
            if (await SayAsync(wanted, stop))
            {
                Interlocked.Increment(ref _written);
                Log.Written(logger, wanted.Kind.Kind, wanted.Object, wanted.Parents?.Count ?? wanted.Conditions.Count);
            }

            _queue.Done(wanted);
        }
        catch (ApiException e) when (e.IsNotFound) { _queue.Done(wanted); } // it went meanwhile
        catch (ApiException e) when (e.Code is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity)
        {
            // The same text will be refused again. A change of the object makes a new one.
            Interlocked.Increment(ref _failed);
            Log.Refused(logger, wanted.Kind.Kind, wanted.Object, e.Message);
            _queue.Done(wanted);
        }
        catch (Exception e) when (e is ApiException or OperationCanceledException)
        {
            if (e is ApiException)
            {
                Interlocked.Increment(ref _failed);
                Log.Failed(logger, wanted.Kind.Kind, wanted.Object, e.Message);
            }

            _queue.Retry(wanted, stop.IsCancellationRequested ? TimeSpan.Zero : RetryAfter(failures));
        }
    }

    // What a waypoint rejects is said at the entries of the index, of which it may be ahead.
    private bool IsEarly(ConditionSet wanted) =>
        wanted is { Parents: null, Conditions.Count: > 0 } && target.FindEntries(wanted.Kind, wanted.Object) is { } entries && !entries.Ours.Any();

    /// <returns>False if there is nothing to write, or nobody to say it.</returns>
    private async Task<bool> SayAsync(ConditionSet wanted, CancellationToken stop)
    {
        var entries = target.FindEntries(wanted.Kind, wanted.Object);
        if (wanted.Parents is not null || entries is not null)
        {
            if (entries is null || PatchOf(wanted, entries) is not { } patch) return false;
            await target.PatchAsync(wanted, patch, stop);
            return true;
        }
        if (target.Shown(wanted.Kind, wanted.Object) is not { } shown || StatusDocument.IsSaid(wanted, shown)) return false;
        await target.ApplyAsync(wanted, StatusDocument.Write(wanted, shown, time.GetUtcNow()), stop);
        return true;
    }

    private byte[]? PatchOf(ConditionSet wanted, StatusEntries entries) => wanted.Parents is null
        ? ParentStatuses.WriteAtEach(wanted, entries, time.GetUtcNow())
        : ParentStatuses.Write(wanted, entries, time.GetUtcNow());

    private static TimeSpan RetryAfter(int failures)
    {
        var delay = FirstRetry * Math.Pow(2, Math.Min(failures, 10));
        return delay < LongestRetry ? delay : LongestRetry;
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1224.
    private static partial class Log
    {
        [LoggerMessage(1221, LogLevel.Debug, "Status of {Kind} {Name} written: {Conditions} conditions")]
        public static partial void Written(ILogger logger, string kind, ObjectName name, int conditions);

        [LoggerMessage(1222, LogLevel.Warning, "Status of {Kind} {Name} could not be written, trying again: {Error}")]
        public static partial void Failed(ILogger logger, string kind, ObjectName name, string error);

        [LoggerMessage(1223, LogLevel.Error, "Status of {Kind} {Name} is refused by the API, so it is not shown until the object changes: {Error}")]
        public static partial void Refused(ILogger logger, string kind, ObjectName name, string error);
    }
}
