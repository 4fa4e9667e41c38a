using Ambient.Certificates.Store;

namespace Ambient.Certificates.Tests.Store;

/// <summary>How a certificate is kept: renewed, and dropped when nobody wants it any more.</summary>
public sealed class CertificateLifeTests : StoreScene
{
    [Fact]
    public async Task A_certificate_is_renewed_between_40_and_50_percent_of_its_life()
    {
        var first = await ObtainAsync(Web);

        Time.Advance(first.NotBefore + first.Lifetime * 0.4 - Time.GetUtcNow() - TimeSpan.FromSeconds(1));
        Assert.False(Source.HasNext);
        await ToNextFetchAsync();
        Assert.True(Time.GetUtcNow() <= first.NotBefore + first.Lifetime * 0.5);
        var renewed = (await Source.NextAsync()).Succeed();

        await UntilAsync(() => Store.TryGet(Web, out var held) && ReferenceEquals(held, renewed));
    }

    [Fact]
    public async Task Many_threads_have_a_certificate_all_the_time_while_it_is_renewed_and_each_sees_the_new_one()
    {
        const int threads = 3;
        var newest = await ObtainAsync(Web);
        var seen = new WorkloadCertificate?[threads];
        using var stop = new CancellationTokenSource();
        var users = Enumerable.Range(0, threads).Select(number => Task.Factory.StartNew(() =>
        {
            for (; !stop.IsCancellationRequested; Thread.Yield())
            {
                Assert.True(Store.TryGet(Web, out var held));
                Volatile.Write(ref seen[number], held);
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();

        for (var renewal = 0; renewal < 20; renewal++)
        {
            await ToNextFetchAsync();
            newest = (await Source.NextAsync()).Succeed();
            await UntilAsync(() => users.Any(static user => user.IsFaulted) || seen.All(held => ReferenceEquals(held, newest)));
        }

        await stop.CancelAsync();
        await Task.WhenAll(users);
    }

    [Fact]
    public async Task Certificates_obtained_together_are_not_renewed_together()
    {
        for (var i = 0; i < 20; i++)
            await ObtainAsync(Id($"a{i}"));

        var due = Store.List().Select(status => status.NextFetch!.Value).ToList();

        Assert.Equal(20, due.Distinct().Count());
        Assert.True(due.Max() - due.Min() > TimeSpan.FromHours(1)); // of the 2.4 h that 10 % of a day are
    }

    [Fact]
    public async Task A_valid_certificate_outlives_an_outage_until_its_last_second()
    {
        var certificate = await ObtainAsync(Web, TimeSpan.FromHours(1));
        var tries = 0;
        await ToNextFetchAsync();
        while (Time.GetUtcNow() < certificate.NotAfter)
        {
            (await Source.NextAsync()).Fail();
            await UntilAsync(() => Store.List()[0].NextFetch is not null);
            Assert.Equal((CertificateState.Available, "authority is away"), (Store.List()[0].State, Store.List()[0].Error));
            Time.Advance(Store.List()[0].NextFetch!.Value - Time.GetUtcNow() - TimeSpan.FromTicks(1));
            Assert.True(Store.TryGet(Web, out _));
            Time.Advance(TimeSpan.FromTicks(1));
            tries++;
        }

        Assert.True(tries > 10);
        Assert.Equal(certificate.NotAfter, Time.GetUtcNow());
        Assert.False(Store.TryGet(Web, out _));
        Assert.Equal(CertificateState.Unavailable, Store.List()[0].State);
        (await Source.NextAsync()).Fail();
        await UntilAsync(() => Store.List()[0].NextFetch is not null);
        await Assert.ThrowsAsync<CertificateException>(() => GetAsync(Web));
    }

    [Fact]
    public async Task Success_resets_the_pause_between_retries()
    {
        Store.Retain(Web);
        await FailAsync(Web);
        for (var i = 0; i < 4; i++)
        {
            await ToNextFetchAsync();
            (await Source.NextAsync()).Fail();
            await UntilAsync(() => Store.List()[0].NextFetch is not null);
        }
        Assert.True(Store.List()[0].NextFetch - Time.GetUtcNow() > TimeSpan.FromSeconds(12));
        await ToNextFetchAsync();
        (await Source.NextAsync()).Succeed();
        await UntilAsync(() => Store.List()[0].State == CertificateState.Available);

        await ToNextFetchAsync();
        (await Source.NextAsync()).Fail();
        await UntilAsync(() => Store.List()[0].Error is not null);

        Assert.True(Store.List()[0].NextFetch - Time.GetUtcNow() <= TimeSpan.FromSeconds(1.2));
    }

    [Fact]
    public async Task Forgetting_fails_who_waits_and_drops_what_comes_late()
    {
        var waiting = GetAsync(Web);
        var fetch = await Source.NextAsync();

        Store.Forget(Web);

        Assert.Equal(CertificateFailure.Forgotten, (await Assert.ThrowsAsync<CertificateException>(() => waiting)).Failure);
        fetch.Answer.TrySetResult(fetch.Make(Web, TimeSpan.FromHours(1)));
        await UntilAsync(() => Source.Running == 0);
        Assert.False(Store.TryGet(Web, out _));
        Assert.Empty(Store.List());

        var again = GetAsync(Web);
        (await Source.NextAsync()).Succeed();
        await again;
    }

    [Fact]
    public async Task A_shared_identity_leaves_with_its_last_pod()
    {
        Store.Retain(Web);
        Store.Retain(Web);
        (await Source.NextAsync()).Succeed();
        await UntilAsync(() => Store.TryGet(Web, out _));
        Assert.False(Source.HasNext);

        Store.Release(Web);
        Assert.True(Store.TryGet(Web, out _));
        Store.Release(Web);

        Assert.False(Store.TryGet(Web, out _));
        Assert.Equal(0, Time.PendingTimers);
    }

    [Fact]
    public async Task An_identity_that_no_pod_wants_is_renewed_once_after_its_last_use_and_then_leaves()
    {
        await ObtainAsync(Web);
        await ToNextFetchAsync();
        (await Source.NextAsync()).Succeed();
        await ToNextFetchAsync();

        Assert.Empty(Store.List());
        Assert.False(Source.HasNext);
        Assert.Equal(0, Time.PendingTimers);
    }

    [Fact]
    public async Task An_identity_that_no_pod_wants_is_kept_while_it_is_used()
    {
        await ObtainAsync(Web);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(Store.TryGet(Web, out _));
            await ToNextFetchAsync();
            (await Source.NextAsync()).Succeed();
            await UntilAsync(() => Store.List()[0].NextFetch is not null);
        }

        Assert.True(Store.TryGet(Web, out _));
    }

    [Fact]
    public async Task What_the_authority_refuses_is_not_asked_for_ever_for_an_identity_that_no_pod_wants()
    {
        await FailAsync(Web);
        await ToNextFetchAsync();
        (await Source.NextAsync()).Fail();
        await ToNextFetchAsync();

        Assert.Empty(Store.List());
        Assert.False(Source.HasNext);
    }
}
