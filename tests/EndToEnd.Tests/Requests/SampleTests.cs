using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Requests;

/// <summary>The scene that the samples speak of.</summary>
public sealed class ShopFixture() : RequestLab("shop", "web", "reviews");

/// <summary>Each sample does what its first line says.</summary>
public sealed class SampleTests(ShopFixture fixture) : IClassFixture<ShopFixture>, IAsyncLifetime
{
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await fixture.ForgetAsync();

    [Fact]
    public async Task Canary()
    {
        await ApplyAsync("canary");
        await Until.TrueAsync(async () => (await CountAsync(200)) is { V1: >= 150, V2: > 0 }, () => "nine in ten go to v1, and some to v2", TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Blue_green()
    {
        await ApplyAsync("blue-green");
        // One answer of v2 can be chance: without the route both serve.
        await Until.TrueAsync(async () => await CountAsync(20) == (0, 20), () => "v2 serves alone", TimeSpan.FromSeconds(30));
        Assert.Equal((0, 100), await CountAsync(100));
    }

    [Fact]
    public async Task Ab_header()
    {
        await ApplyAsync("ab-header");
        await ExpectAsync([("x-canary", "true")], static answer => answer.Pod == "reviews-v2");
        await ExpectAsync([], static answer => answer.Pod == "reviews-v1");
    }

    [Fact]
    public async Task Delegate()
    {
        await ApplyAsync("delegate");
        // Either alone can be the work of the routes that were there before.
        await Until.TrueAsync(async () => await CountAsync(20, "/next/list") == (0, 20) && await CountAsync(20) == (20, 0), () => "v2 serves what was delegated", TimeSpan.FromSeconds(30));
        Assert.Equal((10, 0), await CountAsync(10, "/next"));
        await AcceptedAsync("virtualservice", "reviews");
        await AcceptedAsync("virtualservice", "reviews-next");

        (await fixture.Cluster.KubectlAsync("-n", "shop", "delete", "virtualservice", "reviews-next")).OutputOrThrow();
        await fixture.ExpectAsync(() => PathAsync("/next/list"), static answer => answer is { Status: 503, Pod: null });
        Assert.Equal("reviews-v1", (await PathAsync("/")).Pod);
    }

    [Fact]
    public async Task Retries()
    {
        await ApplyAsync("retries");
        await ExpectAsync([], static answer => answer.Status == 200);
        await AcceptedAsync("virtualservice", "reviews");
    }

    [Fact]
    public async Task Circuit_breaking()
    {
        await ApplyAsync("circuit-breaking");
        await ExpectAsync([], static answer => answer.Status == 200);
        await AcceptedAsync("destinationrule", "reviews");
    }

    [Fact]
    public async Task Fault()
    {
        await ApplyAsync("fault");
        await ExpectAsync([("x-chaos", "true")], static answer => answer is { Status: 503, Pod: null });
        await ExpectAsync([], static answer => answer.Status == 200);
    }

    [Fact]
    public async Task Mirror()
    {
        await ApplyAsync("mirror");
        // That v1 answers alone is not enough: it does so without the route too, for as long as v2 seems slow.
        await Until.TrueAsync(async () =>
        {
            var former = fixture.RequestsOf("reviews-v2");
            return await CountAsync(20) == (20, 0) && fixture.RequestsOf("reviews-v2") > former;
        }, () => "v1 answers alone, and v2 gets copies", TimeSpan.FromSeconds(30));
        var before = fixture.RequestsOf("reviews-v2");
        Assert.Equal((50, 0), await CountAsync(50));
        await Until.TrueAsync(() => fixture.RequestsOf("reviews-v2") >= before + 50, () => "v2 has got the copies", TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Rate_limit()
    {
        await ApplyAsync("rate-limit");
        await Until.TrueAsync(async () => (await GetAsync([])).Status == 429, () => "the client's ten requests are used up", TimeSpan.FromSeconds(30));
        Assert.Equal(200, (await fixture.GetAsync("reviews-v1", "reviews", 80, "/", [])).Status); // another client has its own
    }

    [Fact]
    public async Task Authorization()
    {
        await ApplyAsync("authorization");
        await ExpectAsync([], static answer => answer.Status == 403);
        await fixture.ExpectAsync(() => fixture.GetAsync("web", "reviews", 80, "/api/list", []), static answer => answer.Status == 200);
        await fixture.ExpectAsync(() => fixture.GetAsync("web", "reviews", 80, "/other", []), static answer => answer.Status == 403);
        await fixture.ExpectAsync(() => fixture.GetAsync("client", "reviews", 80, "/api/list", []), static answer => answer.Status == 403);
    }

    [Fact]
    public async Task Mtls()
    {
        await ApplyAsync("mtls-strict");
        await fixture.ExpectAsync(() => PlainAsync(), static answer => answer.Status == 0);
        await ExpectAsync([], static answer => answer.Status == 200);
        await ApplyAsync("mtls-permissive");
        await AnnotateAsync("ambient.mesh/waypoint-bypass=*"); // by the pod's address
        await fixture.ExpectAsync(() => PlainAsync(), static answer => answer.Status == 200);
        await AnnotateAsync("ambient.mesh/waypoint-bypass=");
        await fixture.ExpectAsync(() => PlainAsync(), static answer => answer.Status == 0);
    }

    private async Task AnnotateAsync(string annotation) => (await fixture.Cluster.KubectlAsync("annotate", "namespace", "shop", annotation, "--overwrite")).OutputOrThrow();

    private async Task<Answer> PlainAsync()
    {
        try { return await fixture.GetAsync("plain", "pod:reviews-v1", 8080, "/", []); }
        catch (HttpRequestException refused) { return new(0, null, refused.Message, new Dictionary<string, string>(), -1); }
    }

    private async Task AcceptedAsync(string kind, string name)
    {
        var conditions = (await fixture.Cluster.KubectlAsync("-n", "shop", "get", kind, name, "-o", "jsonpath={.status.conditions[?(@.status=='False')]}")).OutputOrThrow();
        Assert.Equal("", conditions);
    }

    private async Task ApplyAsync(string sample) => (await fixture.Cluster.KubectlAsync("apply", "-f", Path.Combine(NodePrograms.Checkout, "deploy", "samples", $"{sample}.yaml"))).OutputOrThrow();

    private Task<Answer> PathAsync(string path) => fixture.GetAsync("client", "reviews", 80, path, []);

    private Task<Answer> GetAsync((string, string)[] fields) => fixture.GetAsync("client", "reviews", 80, "/", fields);

    private Task ExpectAsync((string, string)[] fields, Func<Answer, bool> holds) => fixture.ExpectAsync(() => GetAsync(fields), holds);

    private async Task<(int V1, int V2)> CountAsync(int requests, string path = "/")
    {
        var answers = new List<Answer>();
        for (var i = 0; i < requests; i++) answers.Add(await PathAsync(path));
        return (answers.Count(static answer => answer.Pod == "reviews-v1"), answers.Count(static answer => answer.Pod == "reviews-v2"));
    }
}
