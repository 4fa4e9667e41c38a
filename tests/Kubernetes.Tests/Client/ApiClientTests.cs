using System.Net;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.TestKit;

namespace Ambient.Kubernetes.Tests.Client;

public sealed class ApiClientTests
{
    private const string Stored = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n","resourceVersion":"7"},"data":{"k":"v"}}""";
    private static readonly ObjectName Name = new("n", "c");
    private static readonly ConfigMap Wanted = new() { Metadata = new() { Name = "c", Namespace = "n" }, Data = new Dictionary<string, string> { ["k"] = "v" } };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_verb_asks_the_path_and_sends_the_body_that_the_api_expects()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json(Stored));
        using var client = api.Client();

        var got = await client.GetAsync(ResourceTypes.ConfigMap, Name, Stop);
        await client.CreateAsync(ResourceTypes.ConfigMap, Wanted, Stop);
        await client.ReplaceAsync(ResourceTypes.ConfigMap, Wanted, Stop);
        await client.ReplaceStatusAsync(ResourceTypes.ConfigMap, Wanted, Stop);
        await client.MergePatchAsync(ResourceTypes.ConfigMap, Name, """{"data":{"k":null}}"""u8.ToArray(), Stop);
        await client.MergePatchStatusAsync(ResourceTypes.ConfigMap, Name, "{}"u8.ToArray(), Stop);
        await client.ApplyAsync(ResourceTypes.ConfigMap, Wanted, "me & you", force: true, Stop);
        await client.ApplyStatusAsync(ResourceTypes.ConfigMap, Wanted, "me", force: false, Stop);
        await client.DeleteAsync(ResourceTypes.ConfigMap, Name, Stop, expected: got, propagation: Propagation.Foreground);

        Assert.Equal("7", got.Metadata.ResourceVersion);
        Assert.Equal("v", got.Data!["k"]);
        const string deletion = """{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground","preconditions":{"resourceVersion":"7"}}""";
        const string one = "/api/v1/namespaces/n/configmaps/c", sent = """{"data":{"k":"v"},"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n"}}""";
        Assert.Equal(
        [
            $"GET {one}   ",
            $"POST /api/v1/namespaces/n/configmaps  application/json {sent}",
            $"PUT {one}  application/json {sent}",
            $"PUT {one}/status  application/json {sent}",
            $"PATCH {one}  application/merge-patch+json {{\"data\":{{\"k\":null}}}}",
            $"PATCH {one}/status  application/merge-patch+json {{}}",
            $"PATCH {one} fieldManager=me & you&force=true application/apply-patch+yaml {sent}",
            $"PATCH {one}/status fieldManager=me&force=false application/apply-patch+yaml {sent}",
            $"DELETE {one}  application/json {deletion}",
        ], api.Requests.Select(Line));
    }

    [Fact]
    public async Task Objects_of_the_whole_cluster_and_of_named_groups_have_paths_of_their_own()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json("""{"metadata":{"name":"x"}}"""));
        using var client = api.Client(with: configuration => configuration with { Server = new Uri(api.Url, "/k8s/clusters/c-1/") });

        await client.GetAsync(ResourceTypes.Node, new("", "x"), Stop);
        await client.GetAsync(ResourceTypes.Lease, new("kube system", "x/y"), Stop);

        // Below the path that the server's address ends with; names cannot leave their place.
        Assert.Equal("/k8s/clusters/c-1/api/v1/nodes/x", api.Requests[0].Path);
        Assert.Equal("/k8s/clusters/c-1/apis/coordination.k8s.io/v1/namespaces/kube%20system/leases/x%2Fy", api.Requests[1].Path);
    }

    [Fact]
    public async Task A_refusal_tells_code_reason_message_and_what_to_do()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Status(403, "Forbidden", "configmaps is forbidden: User \\\"x\\\" cannot get"));
        using var client = api.Client();

        var error = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ResourceTypes.ConfigMap, Name, Stop));

        Assert.Equal((HttpStatusCode.Forbidden, "Forbidden"), (error.Code, error.Reason));
        Assert.Equal("GET /api/v1/namespaces/n/configmaps/c: 403 Forbidden: configmaps is forbidden: User \"x\" cannot get. " +
            "Grant our service account this verb on this resource (RBAC).", error.Message);
    }

    [Theory]
    [InlineData(502, "<html>Bad gateway</html>")]
    [InlineData(500, "")]
    [InlineData(404, "[1,2")]
    [InlineData(409, """{"message":12,"reason":{"a":[1]},"code":"x"}""")]
    public async Task An_error_that_no_api_server_wrote_still_tells_its_status(int status, string body)
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json(body, status));
        using var client = api.Client();

        var error = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ResourceTypes.ConfigMap, Name, Stop));

        Assert.Equal((HttpStatusCode)status, error.Code);
        Assert.Contains($"{status}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_found_to_be_null()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Status(404, "NotFound", "configmaps \\\"c\\\" not found"));
        using var client = api.Client();

        Assert.Null(await client.FindAsync(ResourceTypes.ConfigMap, Name, Stop));
    }

    [Theory]
    [InlineData("""{"metadata":{"name":7}}""")]
    [InlineData("""{"metadata":""")]
    [InlineData("null")]
    [InlineData("")]
    public async Task An_answer_that_cannot_be_read_is_an_error_of_the_api(string body)
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json(body));
        using var client = api.Client();

        var error = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ResourceTypes.ConfigMap, Name, Stop));

        Assert.Equal(ApiException.Malformed, error.Reason);
    }

    [Fact]
    public async Task An_object_larger_than_the_limit_is_not_read()
    {
        var large = """{"metadata":{"name":"c"},"data":{"k":"?"}}""".Replace("?", new string('x', 100_000), StringComparison.Ordinal);
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json(large));
        using var client = api.Client(with: configuration => configuration with { MaxObjectBytes = 50_000 });

        var error = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ResourceTypes.ConfigMap, Name, Stop));

        Assert.Contains("larger than 50000 bytes", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task A_server_that_asks_for_patience_is_asked_again_after_the_time_it_named(int status)
    {
        var time = new ManualTime();
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Status(status, "TooManyRequests", "slow down", retryAfter: 3), ScriptedApi.Json(Stored));
        using var client = api.Client(time, with: configuration => configuration with { RequestTimeout = TimeSpan.FromHours(1) });

        var waiting = client.CreateAsync(ResourceTypes.ConfigMap, Wanted, Stop);
        await time.WhenPendingAsync(2); // the request's limit, and the pause
        time.Advance(TimeSpan.FromSeconds(3) - TimeSpan.FromTicks(1));
        Assert.Single(api.Requests);
        time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal("7", (await waiting).Metadata.ResourceVersion);
        Assert.Equal(api.Requests[0].Body, api.Requests[1].Body);
    }

    [Fact]
    public async Task A_server_that_asks_for_patience_for_ever_is_given_up()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Status(429, "TooManyRequests", "slow down", retryAfter: 0));
        using var client = api.Client();

        var error = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ResourceTypes.ConfigMap, Name, Stop));

        Assert.Equal(HttpStatusCode.TooManyRequests, error.Code);
        Assert.Equal(5, api.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_never_answers_times_out()
    {
        var time = new ManualTime();
        var asked = new TaskCompletionSource();
        await using var api = await ScriptedApi.StartAsync(context =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var client = api.Client(time);

        var waiting = client.GetAsync(ResourceTypes.ConfigMap, Name, Stop);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal(ApiException.TimedOut, (await Assert.ThrowsAsync<ApiException>(() => waiting)).Reason);
    }

    [Fact]
    public async Task A_server_that_is_gone_is_unreachable()
    {
        var api = await ScriptedApi.StartAsync(ScriptedApi.Json(Stored));
        using var client = api.Client();
        await api.DisposeAsync();

        var error = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ResourceTypes.ConfigMap, Name, Stop));

        Assert.Equal(ApiException.Unreachable, error.Reason);
        Assert.Contains(api.Url.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_because_the_token_would_go_with_it()
    {
        await using var api = await ScriptedApi.StartAsync(context =>
        {
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        });
        using var client = api.Client();

        var error = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ResourceTypes.ConfigMap, Name, Stop));

        Assert.Equal(HttpStatusCode.Redirect, error.Code);
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task A_token_is_reviewed_for_its_audience()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json("""
            {"kind":"TokenReview","status":{"authenticated":true,"audiences":["istio-ca"],"user":{"username":"system:serviceaccount:n:sa",
             "groups":["system:serviceaccounts"],"extra":{"authentication.kubernetes.io/pod-name":["p"]}}}}
            """, 201));
        using var client = api.Client();

        var status = await client.ReviewTokenAsync("secret-token", ["istio-ca"], Stop);

        Assert.True(status.Authenticated);
        Assert.Equal("system:serviceaccount:n:sa", status.User!.Username);
        Assert.Equal("p", status.User.Extra!["authentication.kubernetes.io/pod-name"].Single());
        var request = Assert.Single(api.Requests);
        Assert.Equal("POST /apis/authentication.k8s.io/v1/tokenreviews", $"{request.Method} {request.Path}");
        Assert.Contains("\"token\":\"secret-token\"", request.Body, StringComparison.Ordinal);
        Assert.Contains("\"audiences\":[\"istio-ca\"]", request.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_token_is_used_soon_after_the_file_has_changed_and_at_once_when_the_old_one_is_refused()
    {
        var file = Path.GetTempFileName();
        var time = new ManualTime();
        await File.WriteAllTextAsync(file, "one\n", Stop);
        await using var api = await ScriptedApi.StartAsync(async context =>
        {
            if (context.Request.Headers.Authorization == "Bearer expired") await ScriptedApi.Status(401, "Unauthorized", "Unauthorized")(context);
            else await ScriptedApi.Json(Stored)(context);
        });
        using var client = api.Client(with: configuration => configuration with { Token = new TokenFile(file, time) });

        await client.GetAsync(ResourceTypes.ConfigMap, Name, Stop);
        await File.WriteAllTextAsync(file, "expired", Stop);
        await client.GetAsync(ResourceTypes.ConfigMap, Name, Stop); // still the one that was read
        time.Advance(TokenFile.ReadAgainAfter);
        var refusal = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ResourceTypes.ConfigMap, Name, Stop));
        await File.WriteAllTextAsync(file, "two", Stop);
        await client.GetAsync(ResourceTypes.ConfigMap, Name, Stop); // refused once, then read again
        File.Delete(file);
        time.Advance(TokenFile.ReadAgainAfter);
        await client.GetAsync(ResourceTypes.ConfigMap, Name, Stop); // what we hold is still good

        Assert.Equal(HttpStatusCode.Unauthorized, refusal.Code);
        Assert.Equal(["one", "one", "expired", "expired", "two", "two"], api.Requests.Select(request => request.Authorization["Bearer ".Length..]));
    }

    private static string Line(RecordedRequest request) =>
        $"{request.Method} {request.Path} {string.Join('&', request.Query.Select(pair => $"{pair.Key}={pair.Value}"))} {request.ContentType} {request.Body}";
}
