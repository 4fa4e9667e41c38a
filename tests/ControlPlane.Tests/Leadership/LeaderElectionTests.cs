using FsCheck;
using FsCheck.Fluent;

namespace Ambient.ControlPlane.Tests.Leadership;

public sealed class LeaderElectionTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(0.5);

    private readonly LeasesInMemory _leases = new();

    [Fact]
    public void The_first_candidate_leads_and_says_so_in_the_lease()
    {
        var candidate = new Candidate(_leases, "one", Noon);

        Assert.True(candidate.IsOnDuty);
        Assert.True(candidate.Election.IsLeader);
        Assert.Equal(("one", 15, 0), (_leases.Spec!.HolderIdentity, _leases.Spec.LeaseDurationSeconds, _leases.Spec.LeaseTransitions));
        Assert.Equal((Noon, Noon), (_leases.Spec.AcquireTime!.Value, _leases.Spec.RenewTime!.Value));
    }

    [Fact]
    public void A_leader_renews_every_other_second_and_stays()
    {
        var (one, two) = (new Candidate(_leases, "one", Noon), new Candidate(_leases, "two", Noon));

        Pass(TimeSpan.FromMinutes(10), one, two);

        Assert.True(one.IsOnDuty);
        Assert.Equal("one", two.Election.Holder);
        Assert.Equal((1, 0), (one.Terms, two.Terms));
        Assert.Equal((Noon, Noon + TimeSpan.FromMinutes(10)), (_leases.Spec!.AcquireTime!.Value, _leases.Spec.RenewTime!.Value));
        Assert.InRange(one.Way.Requests, 300, 303); // one each: what it wrote last it need not read
    }

    [Fact]
    public void A_leader_that_is_cut_off_stops_before_another_takes_over()
    {
        var (one, two) = (new Candidate(_leases, "one", Noon), new Candidate(_leases, "two", Noon));
        Pass(TimeSpan.FromMinutes(1), one, two);
        one.Way.IsCut = true;

        Pass(TimeSpan.FromSeconds(9.5), one, two);
        Assert.True(one.IsOnDuty);
        Pass(TimeSpan.FromSeconds(0.5), one, two);
        Assert.False(one.IsOnDuty);
        Assert.False(two.IsOnDuty);
        Pass(TimeSpan.FromSeconds(5 + 4.4), one, two); // the rest of the lease, and the longest pause of one who waits

        Assert.True(two.IsOnDuty);
        Assert.Equal(1, _leases.Spec!.LeaseTransitions);
        one.Way.IsCut = false;
        Pass(TimeSpan.FromMinutes(1), one, two);
        Assert.Equal("two", one.Election.Holder);
        Assert.False(one.IsOnDuty);
    }

    [Fact]
    public void Requests_without_an_answer_do_not_make_a_leader_stay()
    {
        var one = new Candidate(_leases, "one", Noon);
        Pass(TimeSpan.FromSeconds(3), one); // last renewed one second ago
        one.Way.IsSilent = true;

        Pass(TimeSpan.FromSeconds(8.5), one);
        Assert.True(one.IsOnDuty);
        Pass(TimeSpan.FromSeconds(0.5), one);

        Assert.False(one.IsOnDuty);
    }

    [Fact]
    public async Task A_leader_that_stops_gives_the_lease_back_so_that_nobody_waits()
    {
        var (one, two) = (new Candidate(_leases, "one", Noon), new Candidate(_leases, "two", Noon));
        Pass(TimeSpan.FromMinutes(1), one, two);

        await one.StopAsync();
        Assert.False(one.IsOnDuty);
        Assert.Equal("", _leases.Spec!.HolderIdentity);
        Pass(TimeSpan.FromSeconds(4.4), two);

        Assert.True(two.IsOnDuty);
    }

    [Theory]
    [InlineData(-86400 * 365)]
    [InlineData(-20)]
    [InlineData(20)]
    [InlineData(86400 * 365)]
    public void Clocks_that_show_another_time_do_not_matter(int seconds)
    {
        var (one, two) = (new Candidate(_leases, "one", Noon), new Candidate(_leases, "two", Noon.AddSeconds(seconds)));

        Pass(TimeSpan.FromMinutes(5), one, two);
        Assert.Equal((true, false), (one.IsOnDuty, two.IsOnDuty));
        one.Way.IsCut = true;
        Pass(TimeSpan.FromSeconds(20), one, two);

        Assert.Equal((false, true), (one.IsOnDuty, two.IsOnDuty));
    }

    [Fact]
    public void A_lease_that_somebody_deletes_is_made_again()
    {
        var one = new Candidate(_leases, "one", Noon);
        _leases.Delete();

        Pass(TimeSpan.FromSeconds(4), one);

        Assert.True(one.IsOnDuty);
        Assert.Equal("one", _leases.Spec!.HolderIdentity);
        Assert.Equal(1, one.Terms);
    }

    [Fact]
    public void A_replica_that_starts_anew_under_its_name_leads_at_once()
    {
        var before = new Candidate(_leases, "one", Noon);
        before.Way.IsCut = true; // it crashed

        var after = new Candidate(_leases, "one", Noon);

        Assert.True(after.IsOnDuty);
    }

    /// <summary>Clocks may differ in speed by a third: that is what lies between the deadline to renew and the lease's end.</summary>
    [Fact]
    public void Never_do_two_lead_whatever_is_cut_and_however_clocks_run_and_somebody_does_when_all_is_well()
    {
        var steps = Gen.Choose(0, 6).Zip(Gen.Choose(1, 40)).ListOf();
        var scenes = steps.Zip(Gen.Choose(0, 30).Zip(Gen.Choose(0, 1000)));
        Prop.ForAll(scenes.ToArbitrary(), scene => NeverTwo(scene.Item1, 1 + scene.Item2.Item1 / 100.0, scene.Item2.Item2))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    private static bool NeverTwo(IEnumerable<(int Event, int Ticks)> steps, double speed, int seed)
    {
        var leases = new LeasesInMemory();
        Candidate[] candidates = [new(leases, "slow", Noon, seed), new(leases, "fast", Noon.AddDays(1), seed + 1)];
        bool PassTicks(int ticks)
        {
            for (var tick = 0; tick < ticks; tick++)
            {
                candidates[0].Pass(Tick);
                candidates[1].Pass(Tick * speed);
                if (candidates.Count(candidate => candidate.IsOnDuty) > 1) return false;
            }

            return true;
        }

        foreach (var (what, ticks) in steps)
        {
            if (what < 4) candidates[what / 2].Way.IsCut = what % 2 == 0;
            else if (what < 6) candidates[what - 4].Way.IsSilent = !candidates[what - 4].Way.IsSilent;
            if (!PassTicks(ticks)) return false;
        }

        foreach (var candidate in candidates) candidate.Way.IsCut = candidate.Way.IsSilent = false;
        return PassTicks(80) && candidates.Count(candidate => candidate.IsOnDuty) == 1;
    }

    private static void Pass(TimeSpan time, params Candidate[] candidates)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(0.1))
            foreach (var candidate in candidates) candidate.Pass(TimeSpan.FromSeconds(0.1));
    }
}
