using Ambient.ControlPlane.Leadership;
using Ambient.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Leadership;

/// <summary>One replica with a clock of its own.</summary>
internal sealed class Candidate
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ManualTime _time;
    private readonly Task _running;

    public Candidate(LeasesInMemory leases, string identity, DateTimeOffset clock, int seed = 1)
    {
        _time = new(clock);
        Way = new(leases);
        var options = new LeaderElectionOptions { Lease = new("istio-system", "leader"), Identity = identity };
        Election = new(Way, options, _time, new Random(seed), NullLogger<LeaderElection>.Instance);
        Election.AddDuty(async stop =>
        {
            IsOnDuty = true;
            Terms++;
            await stop.WhenFiredAsync();
            IsOnDuty = false;
        });
        _running = Election.RunAsync(_stop.Token);
    }

    public LeaderElection Election { get; }

    public LeasesInMemory.Way Way { get; }

    public bool IsOnDuty { get; private set; }

    public int Terms { get; private set; }

    public void Pass(TimeSpan time) => _time.Advance(time);

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }
}

internal static class Tokens
{
    /// <summary>Completes on the thread that fires the token, before that goes on.</summary>
    public static async Task WhenFiredAsync(this CancellationToken token)
    {
        var fired = new TaskCompletionSource();
        await using var registration = token.Register(fired.SetResult);
        await fired.Task;
    }
}
