using System.Net;
using System.Text;
using Ambient.ControlPlane.Callers;
using Ambient.ControlPlane.Tests.Cluster;
using Ambient.Grpc;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Callers;

public sealed class TokenAuthenticatorTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly ManualTime _time = new(Start);
    private readonly CallerOptions _options = new();
    private TestCluster _cluster = null!;
    private ApiClient _api = null!;
    private CallerAuthenticator _callers = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _api = _cluster.Client();
        _callers = new(new(domain => domain == "cluster.local", _time), new TokenAuthenticator(_api, _options, _time), _options,
            NullLogger<CallerAuthenticator>.Instance);
        _cluster.Review = static _ => Good();
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _cluster.DisposeAsync();
    }

    private static TokenReviewStatus Good(string user = "system:serviceaccount:istio-system:ztunnel") => new()
    {
        Authenticated = true,
        Audiences = ["istio-ca"],
        User = new TokenUser
        {
            Username = user,
            Groups = ["system:serviceaccounts", "system:authenticated"],
            Extra = new Dictionary<string, IReadOnlyList<string>>
            {
                ["authentication.kubernetes.io/pod-name"] = ["zt-1"], ["authentication.kubernetes.io/pod-uid"] = ["u-1"],
            },
        },
    };

    private static GrpcMetadata With(string? token, string? cluster = null)
    {
        var metadata = new GrpcMetadata();
        if (token is not null) metadata.Add("authorization", token);
        if (cluster is not null) metadata.Add("clusterid", cluster);
        return metadata;
    }

    private ValueTask<Caller> CallAsync(string token = "t") => _callers.AuthenticateAsync(With($"Bearer {token}"), null, IPAddress.Loopback, default);

    private async Task<string> RefusalAsync(GrpcMetadata metadata, StatusCode code = StatusCode.Unauthenticated)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await _callers.AuthenticateAsync(metadata, null, IPAddress.Loopback, default));
        Assert.Equal(code, error.Code);
        return error.Detail;
    }

    [Fact]
    public async Task The_service_account_and_pod_of_a_token_are_the_caller() =>
        Assert.Equal(new Caller("istio-system", "ztunnel", "zt-1", "u-1"), await CallAsync());

    [Fact]
    public async Task A_token_without_a_pod_has_a_caller_without_one()
    {
        _cluster.Review = _ => Good() with { User = Good().User! with { Extra = null } };

        Assert.Equal(new Caller("istio-system", "ztunnel", null, null), await CallAsync());
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "not authenticated", "does not accept" }, { "other audience", "audiences" }, { "no audience", "audiences" },
        { "no group", "system:serviceaccounts" }, { "a user", "service account" }, { "cut name", "service account" }, { "long name", "service account" },
    };

    [Theory, MemberData(nameof(Refused))]
    public async Task Whatever_is_not_a_service_account_for_this_audience_is_refused_with_the_reason(string kind, string named)
    {
        _cluster.Review = _ => kind switch
        {
            "not authenticated" => Good() with { Authenticated = false },
            "other audience" => Good() with { Audiences = ["api"] },
            "no audience" => Good() with { Audiences = null },
            "no group" => Good() with { User = Good().User! with { Groups = ["system:authenticated"] } },
            "a user" => Good("alice"),
            "cut name" => Good("system:serviceaccount:istio-system"),
            _ => Good("system:serviceaccount:istio-system:ztunnel:more"),
        };

        Assert.Contains(named, await RefusalAsync(With("Bearer very-secret")));
    }

    [Fact]
    public async Task What_is_no_bearer_token_is_refused_without_asking()
    {
        Assert.Contains("service account token", await RefusalAsync(With(null)));
        Assert.Contains("Bearer", await RefusalAsync(With("Basic abc")));
        Assert.Contains("1 to", await RefusalAsync(With("Bearer ")));
        Assert.Contains("16384", await RefusalAsync(With("Bearer " + new string('x', 20_000))));
        Assert.Equal(0, _cluster.Reviews);
    }

    [Fact]
    public async Task Only_this_cluster_is_served()
    {
        Assert.Contains("CLUSTER_ID", await RefusalAsync(With("Bearer t", "other")));
        foreach (var cluster in new[] { "", "Kubernetes" })
            Assert.NotNull(await _callers.AuthenticateAsync(With("Bearer t", cluster), null, IPAddress.Loopback, default));
    }

    [Fact]
    public async Task An_answer_is_kept_for_a_short_while_and_then_asked_for_again()
    {
        await CallAsync();
        _time.Advance(_options.TokenKept - TimeSpan.FromTicks(1));
        await CallAsync();
        Assert.Equal(1, _cluster.Reviews);

        _time.Advance(TimeSpan.FromTicks(1));
        await CallAsync();
        Assert.Equal(2, _cluster.Reviews);
    }

    [Fact]
    public async Task No_answer_is_kept_beyond_the_token_itself()
    {
        var token = $"h.{Convert.ToBase64String(Encoding.UTF8.GetBytes($"{{\"exp\":{Start.AddSeconds(10).ToUnixTimeSeconds()}}}")).TrimEnd('=')}.s";
        await CallAsync(token);

        _time.Advance(TimeSpan.FromSeconds(10));
        _cluster.Review = static _ => new();

        await RefusalAsync(With($"Bearer {token}"));
    }

    [Fact]
    public async Task A_refusal_is_kept_for_a_moment_only()
    {
        _cluster.Review = static _ => new();
        var first = await RefusalAsync(With("Bearer t"));
        _cluster.Review = static _ => Good();

        for (var i = 0; i < 20; i++) Assert.Equal(first, await RefusalAsync(With("Bearer t")));
        Assert.Equal(1, _cluster.Reviews);
        Assert.NotNull(await CallAsync("another"));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(await CallAsync());
    }

    [Fact]
    public void Kept_refusals_are_bounded_and_cost_no_kept_caller_its_place()
    {
        var kept = new ReviewedTokens(3, _time);
        kept.Keep(TokenHash.Of("good"), new("a", "b", null, null), Start.AddMinutes(1));
        for (var i = 0; i < 10; i++) kept.Refuse(TokenHash.Of($"t{i}"), "no", Start.AddSeconds(1));

        Assert.True(kept.TryGet(TokenHash.Of("good"), out _));
        Assert.False(kept.IsRefused(TokenHash.Of("t0"), out _));
        Assert.True(kept.IsRefused(TokenHash.Of("t9"), out _));
    }

    [Fact]
    public async Task Many_calls_with_one_token_ask_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => CallAsync().AsTask()));

        Assert.Equal(1, _cluster.Reviews);
    }

    [Fact]
    public async Task One_peer_has_so_many_tokens_reviewed_at_once_and_keeps_nobody_else_waiting()
    {
        _options.MaxReviewsPerPeer = 3;
        using var open = new ManualResetEventSlim();
        _cluster.Review = token =>
        {
            if (token.StartsWith('f')) open.Wait(TestContext.Current.CancellationToken);
            return Good();
        };
        var flood = Enumerable.Range(0, 3).Select(number => CallAsync($"f{number}").AsTask()).ToList();

        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await CallAsync("f3"));
        Assert.Equal(StatusCode.ResourceExhausted, refusal.Code);
        flood.Add(CallAsync("f0").AsTask()); // the same again is not one more
        Assert.NotNull(await _callers.AuthenticateAsync(With("Bearer t"), null, IPAddress.IPv6Loopback, default));

        open.Set();
        await Task.WhenAll(flood);
        Assert.NotNull(await CallAsync("f3"));
    }

    [Fact]
    public async Task What_is_kept_is_bounded()
    {
        var kept = new ReviewedTokens(3, _time);
        for (var i = 0; i < 10; i++) kept.Keep(TokenHash.Of($"t{i}"), new("a", "b", null, null), Start.AddMinutes(1));

        Assert.Equal(3, kept.Count);
        Assert.True(kept.TryGet(TokenHash.Of("t9"), out _));
        Assert.False(kept.TryGet(TokenHash.Of("t0"), out _));
        await Task.CompletedTask;
    }

    [Fact]
    public async Task An_API_server_that_cannot_be_asked_says_nothing_about_the_token()
    {
        _cluster.Failing = 500;

        Assert.Contains("try again", await RefusalAsync(With("Bearer t"), StatusCode.Unavailable));
    }

    [Fact]
    public void The_end_of_a_token_is_read_from_any_text_without_an_error() => Prop.ForAll<string, byte[]>((text, bytes) =>
    {
        _ = ServiceAccountToken.EndOf(text ?? "");
        _ = ServiceAccountToken.EndOf($"a.{Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_')}.c");
        foreach (var claims in new[] { "{\"exp\":1e300}", "{\"exp\":\"x\"}", "[]", "{\"exp\":9223372036854775807}", "{\"exp\":-1}", "1" })
            if (ServiceAccountToken.EndOf($"a.{Convert.ToBase64String(Encoding.UTF8.GetBytes(claims)).TrimEnd('=')}.c") is not null) return false;
        return true;
    }).QuickCheckThrowOnFailure();
}
