using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Certificates.Tests.Store;

public sealed class CertificateStoreTests : IAsyncLifetime
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");
    private static readonly SpiffeId Db = new("cluster.local", "shop", "db");

    private readonly ManualTime _time = new();
    private readonly CertificateStoreOptions _options = new();
    private TestSource _source = null!;
    private CertificateStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _source = await TestSource.CreateAsync(_time);
        _store = NewStore();
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _source.DisposeAsync();
    }

    private CertificateStore NewStore() =>
        new(_source, _options, _time, new Random(1), NullLogger<CertificateStore>.Instance);

    private Task<WorkloadCertificate> GetAsync(SpiffeId identity, FetchPriority priority = FetchPriority.RealTime) =>
        _store.GetAsync(identity, priority, default).AsTask();

    [Fact]
    public async Task The_first_request_fetches_and_later_ones_have_it_at_once()
    {
        Assert.False(_store.TryGet(Web, out _));
        var first = GetAsync(Web);
        var expected = (await _source.NextAsync()).Succeed();

        Assert.Same(expected, await first);
        Assert.True(_store.TryGet(Web, out var held));
        Assert.Same(expected, held);
        Assert.True(GetAsync(Web).IsCompletedSuccessfully);
        Assert.False(_source.HasNext);
    }

    [Fact]
    public async Task Looking_up_a_certificate_allocates_nothing()
    {
        await ObtainAsync(Web);

        Assert.Equal(0, Allocations.Of(() => _store.TryGet(Web, out _)));
        Assert.Equal(0, Allocations.Of(() => _store.TryGet(Db, out _)));
    }

    [Fact]
    public async Task All_who_wait_share_one_fetch()
    {
        var waiting = Enumerable.Range(0, 50).Select(_ => GetAsync(Web)).ToList();

        var certificate = (await _source.NextAsync()).Succeed();

        Assert.All(await Task.WhenAll(waiting), got => Assert.Same(certificate, got));
        Assert.False(_source.HasNext);
    }

    [Fact]
    public async Task No_more_than_the_limit_is_fetched_at_once()
    {
        var waiting = Enumerable.Range(0, 20).Select(i => GetAsync(new SpiffeId("cluster.local", "shop", $"a{i}"))).ToList();

        for (var round = 0; round < 20; round += 4)
        {
            var running = new List<TestSource.Fetch>();
            while (running.Count < 4)
                running.Add(await _source.NextAsync());
            Assert.InRange(_source.Running, 1, _options.MaxConcurrentFetches);
            foreach (var fetch in running)
                fetch.Succeed();
        }

        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Who_is_needed_now_goes_before_who_was_fetched_ahead()
    {
        _options.MaxConcurrentFetches = 1;
        _store.Retain(Id("busy"));
        var busy = await _source.NextAsync();
        _store.Retain(Id("ahead-1"));
        _store.Retain(Id("ahead-2"));
        var bumped = GetAsync(Id("ahead-2"));
        var late = GetAsync(Id("late"));

        busy.Succeed();
        var order = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var fetch = await _source.NextAsync();
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
        Assert.False(_source.HasNext);

        _time.Advance(TimeSpan.FromSeconds(1.2));
        var retry = await _source.NextAsync();
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
        _time.Advance(TimeSpan.FromSeconds(1.2));
        await _source.NextAsync();

        var waiting = GetAsync(Web);
        _time.Advance(_options.RetryWait - TimeSpan.FromTicks(1));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal("authority is away", (await Assert.ThrowsAsync<CertificateException>(() => waiting)).Message);
    }

    [Fact]
    public async Task A_first_request_waits_only_so_long_and_the_fetch_goes_on()
    {
        var waiting = GetAsync(Web);
        var fetch = await _source.NextAsync();

        _time.Advance(_options.FirstFetchWait);
        Assert.Equal(CertificateFailure.TimedOut, (await Assert.ThrowsAsync<CertificateException>(() => waiting)).Failure);

        var later = GetAsync(Web);
        fetch.Succeed();
        await later;
    }

    [Fact]
    public async Task An_authority_that_does_not_answer_is_given_up()
    {
        _options.FirstFetchWait = TimeSpan.FromMinutes(5);
        var waiting = GetAsync(Web);
        var fetch = await _source.NextAsync();

        _time.Advance(_options.FetchTimeout);

        var error = await Assert.ThrowsAsync<CertificateException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(CertificateFailure.TimedOut, error.Failure);
        Assert.True(fetch.Stop.IsCancellationRequested);
    }

    [Fact]
    public async Task A_source_that_throws_anything_is_an_unavailable_source()
    {
        var waiting = GetAsync(Web);
        (await _source.NextAsync()).Answer.SetException(new InvalidOperationException("odd"));

        var error = await Assert.ThrowsAsync<CertificateException>(() => waiting);

        Assert.Equal(CertificateFailure.SourceUnavailable, error.Failure);
        Assert.Contains("odd", error.Message);
    }

    [Fact]
    public async Task A_certificate_for_another_identity_or_one_that_ran_out_is_not_taken()
    {
        var other = GetAsync(Web);
        var fetch = await _source.NextAsync();
        fetch.Answer.SetResult(fetch.Make(Db, TimeSpan.FromHours(1)));
        Assert.Equal(CertificateFailure.InvalidChain, (await Assert.ThrowsAsync<CertificateException>(() => other)).Failure);

        var old = GetAsync(Db);
        fetch = await _source.NextAsync();
        var certificate = fetch.Make(Db, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));
        fetch.Answer.SetResult(certificate);
        Assert.Equal(CertificateFailure.InvalidChain, (await Assert.ThrowsAsync<CertificateException>(() => old)).Failure);
    }

    [Fact]
    public async Task A_certificate_is_renewed_between_40_and_50_percent_of_its_life()
    {
        var first = await ObtainAsync(Web);

        _time.Advance(first.NotBefore + first.Lifetime * 0.4 - _time.GetUtcNow() - TimeSpan.FromSeconds(1));
        Assert.False(_source.HasNext);
        await ToNextFetchAsync();
        Assert.True(_time.GetUtcNow() <= first.NotBefore + first.Lifetime * 0.5);
        var renewed = (await _source.NextAsync()).Succeed();

        await UntilAsync(() => _store.TryGet(Web, out var held) && ReferenceEquals(held, renewed));
    }

    [Fact]
    public async Task Certificates_obtained_together_are_not_renewed_together()
    {
        for (var i = 0; i < 20; i++)
            await ObtainAsync(Id($"a{i}"));

        var due = _store.List().Select(status => status.NextFetch!.Value).ToList();

        Assert.Equal(20, due.Distinct().Count());
        Assert.True(due.Max() - due.Min() > TimeSpan.FromHours(1)); // of the 2.4 h that 10 % of a day are
    }

    [Fact]
    public async Task A_valid_certificate_outlives_an_outage_until_its_last_second()
    {
        var certificate = await ObtainAsync(Web, TimeSpan.FromHours(1));
        var tries = 0;
        await ToNextFetchAsync();
        while (_time.GetUtcNow() < certificate.NotAfter)
        {
            (await _source.NextAsync()).Fail();
            await UntilAsync(() => _store.List()[0].NextFetch is not null);
            Assert.Equal((CertificateState.Available, "authority is away"), (_store.List()[0].State, _store.List()[0].Error));
            _time.Advance(_store.List()[0].NextFetch!.Value - _time.GetUtcNow() - TimeSpan.FromTicks(1));
            Assert.True(_store.TryGet(Web, out _));
            _time.Advance(TimeSpan.FromTicks(1));
            tries++;
        }

        Assert.True(tries > 10);
        Assert.Equal(certificate.NotAfter, _time.GetUtcNow());
        Assert.False(_store.TryGet(Web, out _));
        Assert.Equal(CertificateState.Unavailable, _store.List()[0].State);
        (await _source.NextAsync()).Fail();
        await UntilAsync(() => _store.List()[0].NextFetch is not null);
        await Assert.ThrowsAsync<CertificateException>(() => GetAsync(Web));
    }

    [Fact]
    public async Task Success_resets_the_pause_between_retries()
    {
        _store.Retain(Web);
        await FailAsync(Web);
        for (var i = 0; i < 4; i++)
        {
            await ToNextFetchAsync();
            (await _source.NextAsync()).Fail();
            await UntilAsync(() => _store.List()[0].NextFetch is not null);
        }
        Assert.True(_store.List()[0].NextFetch - _time.GetUtcNow() > TimeSpan.FromSeconds(12));
        await ToNextFetchAsync();
        (await _source.NextAsync()).Succeed();
        await UntilAsync(() => _store.List()[0].State == CertificateState.Available);

        await ToNextFetchAsync();
        (await _source.NextAsync()).Fail();
        await UntilAsync(() => _store.List()[0].Error is not null);

        Assert.True(_store.List()[0].NextFetch - _time.GetUtcNow() <= TimeSpan.FromSeconds(1.2));
    }

    [Fact]
    public async Task Forgetting_fails_who_waits_and_drops_what_comes_late()
    {
        var waiting = GetAsync(Web);
        var fetch = await _source.NextAsync();

        _store.Forget(Web);

        Assert.Equal(CertificateFailure.Forgotten, (await Assert.ThrowsAsync<CertificateException>(() => waiting)).Failure);
        fetch.Answer.TrySetResult(fetch.Make(Web, TimeSpan.FromHours(1)));
        await UntilAsync(() => _source.Running == 0);
        Assert.False(_store.TryGet(Web, out _));
        Assert.Empty(_store.List());

        var again = GetAsync(Web);
        (await _source.NextAsync()).Succeed();
        await again;
    }

    [Fact]
    public async Task A_shared_identity_leaves_with_its_last_pod()
    {
        _store.Retain(Web);
        _store.Retain(Web);
        (await _source.NextAsync()).Succeed();
        await UntilAsync(() => _store.TryGet(Web, out _));
        Assert.False(_source.HasNext);

        _store.Release(Web);
        Assert.True(_store.TryGet(Web, out _));
        _store.Release(Web);

        Assert.False(_store.TryGet(Web, out _));
        Assert.Equal(0, _time.PendingTimers);
    }

    [Fact]
    public async Task An_identity_that_no_pod_wants_is_renewed_once_after_its_last_use_and_then_leaves()
    {
        await ObtainAsync(Web);
        await ToNextFetchAsync();
        (await _source.NextAsync()).Succeed();
        await ToNextFetchAsync();

        Assert.Empty(_store.List());
        Assert.False(_source.HasNext);
        Assert.Equal(0, _time.PendingTimers);
    }

    [Fact]
    public async Task An_identity_that_no_pod_wants_is_kept_while_it_is_used()
    {
        await ObtainAsync(Web);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(_store.TryGet(Web, out _));
            await ToNextFetchAsync();
            (await _source.NextAsync()).Succeed();
            await UntilAsync(() => _store.List()[0].NextFetch is not null);
        }

        Assert.True(_store.TryGet(Web, out _));
    }

    [Fact]
    public async Task What_the_authority_refuses_is_not_asked_for_ever_for_an_identity_that_no_pod_wants()
    {
        await FailAsync(Web);
        await ToNextFetchAsync();
        (await _source.NextAsync()).Fail();
        await ToNextFetchAsync();

        Assert.Empty(_store.List());
        Assert.False(_source.HasNext);
    }

    [Fact]
    public async Task The_number_of_identities_is_bounded()
    {
        _options.MaxIdentities = 2;
        await ObtainAsync(Web);
        _store.Retain(Db);
        _store.Retain(Id("third"));

        var error = await Assert.ThrowsAsync<CertificateException>(() => GetAsync(Id("fourth")));

        Assert.Equal(CertificateFailure.TooManyIdentities, error.Failure);
        Assert.Equal(2, _store.List().Count);
    }

    [Fact]
    public async Task The_dump_tells_states_and_serials_and_no_secrets()
    {
        var certificate = await ObtainAsync(Web);
        var waiting = GetAsync(Db);
        var fetch = await _source.NextAsync();

        var dump = _store.List();

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
        var fetch = await _source.NextAsync();

        await _store.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(CertificateFailure.Closed, (await Assert.ThrowsAsync<CertificateException>(() => waiting)).Failure);
        Assert.Equal(CertificateFailure.Closed, (await Assert.ThrowsAsync<CertificateException>(() => GetAsync(Db))).Failure);
        Assert.True(fetch.Stop.IsCancellationRequested);
        await UntilAsync(() => _time.PendingTimers == 0); // who waited lets his timer go on another thread
    }

    [Fact]
    public async Task A_caller_that_gives_up_leaves_the_others_waiting()
    {
        using var giveUp = new CancellationTokenSource();
        var impatient = _store.GetAsync(Web, FetchPriority.RealTime, giveUp.Token).AsTask();
        var patient = GetAsync(Web);
        var fetch = await _source.NextAsync();

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        fetch.Succeed();

        await patient;
    }

    private static SpiffeId Id(string account) => new("cluster.local", "shop", account);

    private async Task<WorkloadCertificate> ObtainAsync(SpiffeId identity, TimeSpan? life = null)
    {
        var getting = GetAsync(identity);
        (await _source.NextAsync()).Succeed(life);
        return await getting;
    }

    private async Task FailAsync(SpiffeId identity)
    {
        var getting = GetAsync(identity);
        (await _source.NextAsync()).Fail();
        await Assert.ThrowsAsync<CertificateException>(() => getting);
    }

    private async Task ToNextFetchAsync()
    {
        await UntilAsync(() => _store.List()[0].NextFetch is not null);
        _time.Advance(_store.List()[0].NextFetch!.Value - _time.GetUtcNow());
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
