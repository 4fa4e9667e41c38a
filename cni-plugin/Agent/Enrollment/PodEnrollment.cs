using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.Zds;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent.Enrollment;

/// <summary>One pod's life in the mesh: enrols it, tries again what failed, looks after its rules, and removes it in the end.</summary>
internal sealed partial class PodEnrollment
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    private readonly bool _isNewSandbox;
    private readonly EnrollmentContext _context;
    private readonly IEnrollmentObserver _observer;
    private readonly TaskCompletionSource _enrolled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly Signal _wake = new();
    private readonly Task _running;
    private volatile EnrollmentStatus? _status;
    private volatile bool _isServed;

    /// <param name="isNewSandbox">Nothing runs in it before it is enrolled.</param>
    public PodEnrollment(PodSpec pod, bool isNewSandbox, EnrollmentContext context, IEnrollmentObserver observer)
    {
        (Pod, _isNewSandbox, _context, _observer) = (pod, isNewSandbox, context, observer);
        _running = Task.Run(RunAsync);
    }

    public PodSpec Pod { get; }

    /// <summary>Null until it was tried once, and again after the end.</summary>
    public EnrollmentStatus? Status => _status;

    /// <summary>Completes when the pod is captured and served for the first time, or is no longer looked after.</summary>
    public Task Enrolled => _enrolled.Task;

    /// <summary>Another node proxy is the newest now: has it serve the pod at once. Any thread.</summary>
    public void Wake()
    {
        _isServed = false;
        _wake.Set();
    }

    /// <summary>Takes a pod out of the mesh; tries until it is out or <paramref name="stop"/> fires.</summary>
    public static async Task RemoveAsync(PodSpec pod, EnrollmentContext context, Action opened, Action removed, CancellationToken stop)
    {
        for (var pause = FirstRetry; !stop.IsCancellationRequested; pause = Longer(pause))
        {
            try
            {
                await context.Enroller.RemoveAsync(pod, opened, stop);
                context.Metrics.Removed.Increment();
                Log.Removed(context.Logger, pod);
                removed();
                return;
            }
            catch (IOException error)
            {
                Log.NotRemoved(context.Logger, pod, error.Message);
                await Task.Delay(pause, context.Time, stop).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Stops looking after the pod and leaves it as it is.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _context.Metrics.Moved(_status?.State, null);
        _status = null;
        _enrolled.TrySetResult();
    }

    private async Task RunAsync()
    {
        var pause = FirstRetry;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var status = await TryAsync(_stop.Token);
                Report(status);
                var enrolled = status.State == EnrollmentState.Enrolled;
                pause = enrolled ? FirstRetry : Longer(pause);
                if (enrolled)
                    _enrolled.TrySetResult();
                await _wake.WaitAsync(enrolled ? _context.AuditInterval : pause, _context.Time, _stop.Token);
                _isServed = false; // that the proxy still has it is looked at like the rules; what it serves it answers at once
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task<EnrollmentStatus> TryAsync(CancellationToken stop)
    {
        if (_status is null && !_isNewSandbox)
            await TryServeFirstAsync(stop);
        try
        {
            var (found, isNew) = await _context.Enroller.CloseAsync(Pod, _isNewSandbox && _status is null, stop);
            if (isNew)
                _isServed = false;
            if (!isNew && _status is { State: not EnrollmentState.Failed } && found.Count > 0)
            {
                _context.Metrics.Repairs.Increment();
                Log.Repaired(_context.Logger, Pod, string.Join("; ", found));
                _observer.Repaired(Pod, string.Join("; ", found));
            }
        }
        catch (IOException error)
        {
            return new EnrollmentStatus(EnrollmentState.Failed, error.Message);
        }
        try
        {
            while (!_isServed)
            {
                _isServed = true; // before, not after: a proxy that connects meanwhile takes it back
                await _context.Enroller.ServeAsync(Pod, stop);
            }
            return new EnrollmentStatus(EnrollmentState.Enrolled, null);
        }
        catch (ZdsException error)
        {
            _isServed = false;
            return new EnrollmentStatus(EnrollmentState.Pending, error.Message);
        }
    }

    // What prevents it prevents it once more when the pod is closed, and is told then.
    private async Task TryServeFirstAsync(CancellationToken stop)
    {
        try
        {
            _isServed = true;
            await _context.Enroller.ServeFirstAsync(Pod, stop);
        }
        catch (IOException)
        {
            _isServed = false;
        }
    }

    private void Report(EnrollmentStatus status)
    {
        if (status == _status)
            return;
        _context.Metrics.Moved(_status?.State, status.State);
        _status = status;
        if (status.State == EnrollmentState.Enrolled)
        {
            _context.Metrics.Enrolled.Increment();
            Log.Enrolled(_context.Logger, Pod);
        }
        else
        {
            _context.Metrics.FailedSteps.Increment();
            Log.NotEnrolled(_context.Logger, Pod, EnrollmentMetrics.NameOf(status.State), status.Error!);
        }
        _observer.Stands(Pod, status);
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestRetry ? pause * 2 : LongestRetry;

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 656.
    private static partial class Log
    {
        [LoggerMessage(651, LogLevel.Information, "Pod {Pod} is enrolled")]
        public static partial void Enrolled(ILogger logger, PodSpec pod);

        [LoggerMessage(652, LogLevel.Warning, "Pod {Pod} is {State}, trying again: {Reason}")]
        public static partial void NotEnrolled(ILogger logger, PodSpec pod, string state, string reason);

        [LoggerMessage(653, LogLevel.Warning, "Pod {Pod} had not all of its rules and was repaired: {Found}")]
        public static partial void Repaired(ILogger logger, PodSpec pod, string found);

        [LoggerMessage(654, LogLevel.Information, "Pod {Pod} has left the mesh")]
        public static partial void Removed(ILogger logger, PodSpec pod);

        [LoggerMessage(655, LogLevel.Error, "Pod {Pod} cannot leave the mesh yet and stays closed: {Reason}")]
        public static partial void NotRemoved(ILogger logger, PodSpec pod, string reason);
    }
}
