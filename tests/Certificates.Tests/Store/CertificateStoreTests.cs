using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.TestKit;

namespace Ambient.Certificates.Tests.Store;

/// <summary>How a certificate is obtained, and who waits for it.</summary>
public sealed class CertificateStoreTests : StoreScene
{
    [Fact]
    public async Task The_first_request_fetches_and_later_ones_have_it_at_once()
    {
        Assert.False(Store.TryGet(Web, out _));
        var first = GetAsync(Web);
        var expected = (await Source.NextAsync()).Succeed();

        Assert.Same(expected, await first);
        Assert.True(Store.TryGet(Web, out var held));
        Assert.Same(expected, held);
        Assert.True(GetAsync(Web).IsCompletedSuccessfully);
        Assert.False(Source.HasNext);
    }

    [Fact]
    public async Task Looking_up_a_certificate_allocates_nothing()
    {
        await ObtainAsync(Web);

        Assert.Equal(0, Allocations.Of(() => Store.TryGet(Web, out _)));
        Assert.Equal(0, Allocations.Of(() => Store.TryGet(Db, out _)));
    }

    [Fact]
    public async Task All_who_wait_share_one_fetch()
    {
        var waiting = Enumerable.Range(0, 50).Select(_ => GetAsync(Web)).ToList();

        var certificate = (await Source.NextAsync()).Succeed();

        Assert.All(await Task.WhenAll(waiting), got => Assert.Same(certificate, got));
        Assert.False(Source.HasNext);
    }

    [Fact]
    public async Task No_more_than_the_limit_is_fetched_at_once()
    {
        var waiting = Enumerable.Range(0, 20).Select(i => GetAsync(new SpiffeId("cluster.local", "shop", $"a{i}"))).ToList();

        for (var round = 0; round < 20; round += 4)
        {
            var running = new List<TestSource.Fetch>();
            while (running.Count < 4)
                running.Add(await Source.NextAsync());
            Assert.InRange(Source.Running, 1, Options.MaxConcurrentFetches);
            foreach (var fetch in running)
                fetch.Succeed();
        }

        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Who_is_needed_now_goes_before_who_was_fetched_ahead()
    {
        Options.MaxConcurrentFetches = 1;
        Store.Retain(Id("busy"));
        var busy = await Source.NextAsync();
        Store.Retain(Id("ahead-1"));
        Store.Retain(Id("ahead-2"));
        var bumped = GetAsync(Id("ahead-2"));
        var late = GetAsync(Id("late"));

        busy.Succeed();
        var order = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var fetch = await Source.NextAsync();
            order.Add(fetch.Identity.ServiceAccount);
            fetch.Succeed();
        }

        Assert.Equal(["ahead-2", "late", "ahead-1"], order);
        await Task.WhenAll(bumped, late);
    }

    [Fact]
    public async Task After_a_failure_the_error_comes_at_once_until_a_retry_succeeds()
    {
        await FailAsync(Web);

        var again = await Assert.ThrowsAsync<CertificateException>(() => GetAsync(Web));
        Assert.Equal((CertificateFailure.SourceUnavailable, "authority is away"), (again.Failure, again.Message));
        Assert.False(Source.HasNext);

        Time.Advance(TimeSpan.FromSeconds(1.2));
        var retry = await Source.NextAsync();
        Assert.Equal("authority is away", (await Assert.ThrowsAsync<CertificateException>(() => GetAsync(Web, FetchPriority.Warmup))).Message);
        var waiting = GetAsync(Web);
        Assert.False(waiting.IsCompleted);
        var certificate = retry.Succeed();

        Assert.Same(certificate, await waiting);
    }

    [Fact]
    public async Task A_request_waits_for_a_retry_only_so_long()
    {
        await FailAsync(Web);
        Time.Advance(TimeSpan.FromSeconds(1.2));
        await Source.NextAsync();

        var waiting = GetAsync(Web);
        Time.Advance(Options.RetryWait - TimeSpan.FromTicks(1));
        Assert.False(waiting.IsCompleted);
        Time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal("authority is away", (await Assert.ThrowsAsync<CertificateException>(() => waiting)).Message);
    }

    [Fact]
    public async Task A_first_request_waits_only_so_long_and_the_fetch_goes_on()
    {
        var waiting = GetAsync(Web);
        var fetch = await Source.NextAsync();

        Time.Advance(Options.FirstFetchWait);
        Assert.Equal(CertificateFailure.TimedOut, (await Assert.ThrowsAsync<CertificateException>(() => waiting)).Failure);

        var later = GetAsync(Web);
        fetch.Succeed();
        await later;
    }

    [Fact]
    public async Task An_authority_that_does_not_answer_is_given_up()
    {
        Options.FirstFetchWait = TimeSpan.FromMinutes(5);
        var waiting = GetAsync(Web);
        var fetch = await Source.NextAsync();

        Time.Advance(Options.FetchTimeout);

        var error = await Assert.ThrowsAsync<CertificateException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(CertificateFailure.TimedOut, error.Failure);
        Assert.True(fetch.Stop.IsCancellationRequested);
    }

    [Fact]
    public async Task A_source_that_throws_anything_is_an_unavailable_source()
    {
        var waiting = GetAsync(Web);
        (await Source.NextAsync()).Answer.SetException(new InvalidOperationException("odd"));

        var error = await Assert.ThrowsAsync<CertificateException>(() => waiting);

        Assert.Equal(CertificateFailure.SourceUnavailable, error.Failure);
        Assert.Contains("odd", error.Message);
    }

    [Fact]
    public async Task A_certificate_for_another_identity_or_one_that_ran_out_is_not_taken()
    {
        var other = GetAsync(Web);
        var fetch = await Source.NextAsync();
        fetch.Answer.SetResult(fetch.Make(Db, TimeSpan.FromHours(1)));
        Assert.Equal(CertificateFailure.InvalidChain, (await Assert.ThrowsAsync<CertificateException>(() => other)).Failure);

        var old = GetAsync(Db);
        fetch = await Source.NextAsync();
        var certificate = fetch.Make(Db, TimeSpan.FromSeconds(1));
        Time.Advance(TimeSpan.FromSeconds(2));
        fetch.Answer.SetResult(certificate);
        Assert.Equal(CertificateFailure.InvalidChain, (await Assert.ThrowsAsync<CertificateException>(() => old)).Failure);
    }

    [Fact]
    public async Task The_number_of_identities_is_bounded()
    {
        Options.MaxIdentities = 2;
        await ObtainAsync(Web);
        Store.Retain(Db);
        Store.Retain(Id("third"));

        var error = await Assert.ThrowsAsync<CertificateException>(() => GetAsync(Id("fourth")));

        Assert.Equal(CertificateFailure.TooManyIdentities, error.Failure);
        Assert.Equal(2, Store.List().Count);
    }

    [Fact]
    public async Task The_dump_tells_states_and_serials_and_no_secrets()
    {
        var certificate = await ObtainAsync(Web);
        var waiting = GetAsync(Db);
        var fetch = await Source.NextAsync();

        var dump = Store.List();

        Assert.Equal([CertificateState.Initializing, CertificateState.Available], dump.Select(status => status.State));
        Assert.Equal(certificate.SerialNumber, dump[1].Chain[0].SerialNumber);
        Assert.DoesNotContain("PRIVATE", string.Concat(dump));
        fetch.Succeed();
        await waiting;
    }

    [Fact]
    public async Task Closing_fails_who_waits_and_ends_what_runs()
    {
        var waiting = GetAsync(Web);
        var fetch = await Source.NextAsync();

        await Store.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(CertificateFailure.Closed, (await Assert.ThrowsAsync<CertificateException>(() => waiting)).Failure);
        Assert.Equal(CertificateFailure.Closed, (await Assert.ThrowsAsync<CertificateException>(() => GetAsync(Db))).Failure);
        Assert.True(fetch.Stop.IsCancellationRequested);
        await UntilAsync(() => Time.PendingTimers == 0); // who waited lets his timer go on another thread
    }

    [Fact]
    public async Task A_caller_that_gives_up_leaves_the_others_waiting()
    {
        using var giveUp = new CancellationTokenSource();
        var impatient = Store.GetAsync(Web, FetchPriority.RealTime, giveUp.Token).AsTask();
        var patient = GetAsync(Web);
        var fetch = await Source.NextAsync();

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        fetch.Succeed();

        await patient;
    }
}
