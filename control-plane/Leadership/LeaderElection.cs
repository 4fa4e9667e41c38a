using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Leadership;

/// <summary>Sees to it that of all replicas one at a time does certain duties, by a Lease as other Kubernetes controllers do.</summary>
/// <param name="random">Jitter; not shared with other threads.</param>
internal sealed partial class LeaderElection(
    ILeases leases, LeaderElectionOptions options, TimeProvider time, Random random, ILogger<LeaderElection> logger)
{
    // As client-go: those who wait come back after one to 2.2 periods.
    private const double JitterFactor = 1.2;

    private readonly List<Func<CancellationToken, Task>> _duties = [];
    private readonly LeaseClaim _claim = new(leases, options, time);
    private volatile bool _isLeader;
    private volatile string _holder = "";

    /// <summary>True while the duties may be done.</summary>
    public bool IsLeader => _isLeader;

    /// <summary>Identity of the leader as last seen; empty if there was none.</summary>
    public string Holder => _holder;

    /// <summary>Adds what a leader does. Before <see cref="RunAsync"/>.</summary>
    /// <param name="duty">Started with each leadership. Ends soon after its token fires, which is when leadership is lost or given up;
    /// nothing may be written after that.</param>
    public void AddDuty(Func<CancellationToken, Task> duty) => _duties.Add(duty);

    /// <summary>Stands for election until the token fires, then ends the duties and gives the lease back.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var began = time.GetTimestamp();
            if (await TryHoldAsync(options.RenewDeadline, stop)) await LeadAsync(began, stop);
            else await PauseAsync(options.RetryPeriod * (1 + random.NextDouble() * JitterFactor), stop);
        }
    }

    private async Task LeadAsync(long held, CancellationToken stop)
    {
        using var leadership = new CancellationTokenSource();
        _isLeader = true;
        Log.Leads(logger, options.Identity, options.Lease);
        var duties = _duties.Select(duty => DoAsync(duty, leadership.Token)).ToList();

        var why = await RenewAsync(held, stop);
        _isLeader = false;
        Log.LeadsNoMore(logger, options.Identity, options.Lease, why);
        End(leadership);
        await Task.WhenAll(duties);
        if (stop.IsCancellationRequested) await ReleaseAsync();
    }

    // On this thread: when this returns, every duty has heard of it.
    private static void End(CancellationTokenSource leadership) => leadership.Cancel();

    /// <summary>Holds on to the lease.</summary>
    /// <returns>Why that has ended.</returns>
    private async Task<string> RenewAsync(long held, CancellationToken stop)
    {
        while (true)
        {
            var left = options.RenewDeadline - time.GetElapsedTime(held);
            await PauseAsync(left < options.RetryPeriod ? left : options.RetryPeriod, stop);
            if (stop.IsCancellationRequested) return "we are stopping";

            var began = time.GetTimestamp();
            left = options.RenewDeadline - time.GetElapsedTime(held, began);
            if (left <= TimeSpan.Zero) return $"the lease was not renewed within {options.RenewDeadline.TotalSeconds:0.#} s";
            if (await TryHoldAsync(left, stop)) held = began;
            else if (_claim.Holder.Length > 0 && _claim.Holder != options.Identity) return $"{_claim.Holder} took over";
        }
    }

    private async Task<bool> TryHoldAsync(TimeSpan within, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(within, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        try
        {
            return await _claim.TryHoldAsync(limit.Token);
        }
        catch (OperationCanceledException) { return false; }
        catch (ApiException e)
        {
            Log.NotKnown(logger, options.Lease, e.Message);
            return false;
        }
        finally
        {
            _holder = _claim.Holder;
        }
    }

    private async Task DoAsync(Func<CancellationToken, Task> duty, CancellationToken leadership)
    {
        try { await duty(leadership); }
        catch (OperationCanceledException) when (leadership.IsCancellationRequested) { }
        catch (Exception e) { Log.DutyFailed(logger, e); }
    }

    private async Task ReleaseAsync()
    {
        using var late = new CancellationTokenSource(options.RetryPeriod, time);
        try
        {
            await _claim.ReleaseAsync(late.Token);
            _holder = "";
        }
        catch (Exception e) when (e is ApiException or OperationCanceledException) { Log.NotReleased(logger, options.Lease, e.Message); }
    }

    private async Task PauseAsync(TimeSpan delay, CancellationToken stop)
    {
        try { await Task.Delay(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, time, stop); }
        catch (OperationCanceledException) { } // the loops see it
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1206.
    private static partial class Log
    {
        [LoggerMessage(1201, LogLevel.Information, "{Identity} leads by lease {Lease}")]
        public static partial void Leads(ILogger logger, string identity, ObjectName lease);

        [LoggerMessage(1202, LogLevel.Information, "{Identity} does not lead any more by lease {Lease}: {Why}")]
        public static partial void LeadsNoMore(ILogger logger, string identity, ObjectName lease, string why);

        [LoggerMessage(1203, LogLevel.Warning, "Lease {Lease} could not be read or renewed, trying again: {Error}")]
        public static partial void NotKnown(ILogger logger, ObjectName lease, string error);

        [LoggerMessage(1204, LogLevel.Error, "A leader's duty failed and is not done until the next leadership; please report this")]
        public static partial void DutyFailed(ILogger logger, Exception error);

        [LoggerMessage(1205, LogLevel.Warning, "Lease {Lease} was not given back, others wait until it runs out: {Error}")]
        public static partial void NotReleased(ILogger logger, ObjectName lease, string error);
    }
}
