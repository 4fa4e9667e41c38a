using System.Text;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Kubernetes.Tests.Client;

public sealed class ListTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_list_is_read_page_by_page()
    {
        await using var api = await ScriptedApi.StartAsync(
            ScriptedApi.Json(Page("10", "more/1", "a", "b")), ScriptedApi.Json(Page("10", "more2", "c")), ScriptedApi.Json(Page("10", "", "d")));
        using var client = api.Client();

        var list = await client.ListAsync(ResourceTypes.ConfigMap, new() { Namespace = "n", LabelSelector = "a=b,c!=d", FieldSelector = "x=y", PageSize = 2 }, Stop);

        Assert.Equal(["a", "b", "c", "d"], list.Items.Select(item => item.Metadata.Name));
        Assert.Equal("10", list.ResourceVersion);
        Assert.Equal([null, "more/1", "more2"], api.Requests.Select(request => request.Query.GetValueOrDefault("continue")));
        Assert.All(api.Requests, request =>
        {
            Assert.Equal("/api/v1/namespaces/n/configmaps", request.Path);
            Assert.Equal(("2", "a=b,c!=d", "x=y"), (request.Query["limit"], request.Query["labelSelector"], request.Query["fieldSelector"]));
        });
    }

    [Fact]
    public async Task Pages_that_expire_are_asked_for_again_in_one_piece()
    {
        await using var api = await ScriptedApi.StartAsync(
            ScriptedApi.Json(Page("10", "more", "gone", "b")),
            ScriptedApi.Status(410, "Expired", "The provided continue parameter is too old"),
            ScriptedApi.Json(Page("12", "", "b", "c")));
        using var client = api.Client();

        var list = await client.ListAsync(ResourceTypes.ConfigMap, new(), Stop);

        Assert.Equal(["b", "c"], list.Items.Select(item => item.Metadata.Name));
        Assert.Equal("12", list.ResourceVersion);
        Assert.Equal(["500", "500", null], api.Requests.Select(request => request.Query.GetValueOrDefault("limit")));
    }

    [Fact]
    public async Task An_object_that_cannot_be_read_is_reported_and_the_others_are_read()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json("""
            {"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"3","x":{"y":[1]}},"items":[
             {"metadata":{"name":"a"}},
             {"data":"not a map","metadata":{"name":"bad","namespace":"n","resourceVersion":"2","labels":{"name":"no"}}},
             {"data":{}}, 17, null,
             {"metadata":{"name":"b"}}],"more":[{}]}
            """));
        using var client = api.Client();

        var list = await client.ListAsync(ResourceTypes.ConfigMap, new(), Stop);

        Assert.Equal(["a", "b"], list.Items.Select(item => item.Metadata.Name));
        Assert.Equal("3", list.ResourceVersion);
        Assert.Equal([new ObjectName("n", "bad"), default, default, default], list.Unreadable.Select(item => item.Name));
        Assert.Equal("2", list.Unreadable[0].ResourceVersion);
        Assert.All(list.Unreadable, item => Assert.NotEmpty(item.Error!));
    }

    [Theory]
    [InlineData(300)]
    [InlineData(9_990)] // the API server takes 10,000
    public async Task An_object_that_is_nested_as_deep_as_the_server_takes_it_costs_only_itself(int depth)
    {
        var deep = string.Concat(Enumerable.Repeat("{\"x\":", depth)) + "0" + new string('}', depth);
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json("""
            {"metadata":{"resourceVersion":"3"},"items":[
             {"metadata":{"name":"a"}},{"metadata":{"name":"bad","namespace":"n","resourceVersion":"2"},"spec":?},{"metadata":{"name":"b"}}]}
            """.Replace("?", deep, StringComparison.Ordinal)));
        using var client = api.Client();

        var list = await client.ListAsync(ResourceTypes.ConfigMap, new(), Stop);

        Assert.Equal(["a", "b"], list.Items.Select(item => item.Metadata.Name));
        Assert.Equal([new ObjectName("n", "bad")], list.Unreadable.Select(item => item.Name));
    }

    [Theory]
    [InlineData("""{"items":null,"metadata":{"resourceVersion":"1"}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"1"}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"1"},"items":[]}   """)]
    public async Task A_list_may_be_empty(string json)
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json(json));
        using var client = api.Client();

        var list = await client.ListAsync(ResourceTypes.ConfigMap, new(), Stop);

        Assert.Empty(list.Items);
        Assert.Equal("1", list.ResourceVersion);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"items":[{"metadata":{"name":"a"}}""")]
    [InlineData("""{"items":[}""")]
    public async Task What_is_no_list_is_an_error_of_the_api(string json)
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json(json));
        using var client = api.Client();

        var error = await Assert.ThrowsAsync<ApiException>(() => client.ListAsync(ResourceTypes.ConfigMap, new(), Stop));

        Assert.Equal(ApiException.Malformed, error.Reason);
    }

    [Fact]
    public async Task A_connection_that_breaks_within_a_list_is_an_error_and_not_a_shorter_list()
    {
        await using var api = await ScriptedApi.StartAsync(async context =>
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(Page("1", "", "a", "b")[..^20]));
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        using var client = api.Client();

        await Assert.ThrowsAsync<ApiException>(() => client.ListAsync(ResourceTypes.ConfigMap, new(), Stop));
    }

    [Fact]
    public async Task A_page_may_be_far_larger_than_one_object_may_be()
    {
        var items = Enumerable.Range(0, 2000).Select(number => $"item-{number}").ToArray();
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Json(Page("1", "", items)));
        using var client = api.Client(with: configuration => configuration with { MaxObjectBytes = 40_000 });

        var list = await client.ListAsync(ResourceTypes.ConfigMap, new(), Stop);

        Assert.Equal(items, list.Items.Select(item => item.Metadata.Name));
    }

    [Fact]
    public void Where_the_bytes_are_cut_does_not_matter()
    {
        var page = Encoding.UTF8.GetBytes(Page("10", "more", "a", "ä\\\"b", "c") + "\n");
        Prop.ForAll<int[]>(sizes =>
        {
            var reader = new ListReader<ConfigMap>(ResourceTypes.ConfigMap, 1 << 20);
            var names = new List<string>();
            using var body = new PiecedStream(Sequences.Pieces(page, sizes));

            reader.ReadAsync(body, item =>
            {
                names.Add(item.Name.Name);
                return ValueTask.CompletedTask;
            }, CancellationToken.None).GetAwaiter().GetResult();

            return names.SequenceEqual(["a", "ä\"b", "c"]) && reader.ResourceVersion == "10" && reader.Continue == "more";
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_bytes_are_a_list_or_an_error_of_their_own() =>
        Prop.ForAll<byte[], int>((noise, at) =>
        {
            var page = Encoding.UTF8.GetBytes(Page("10", "", "a", "b"));
            var cut = (int)((uint)at % page.Length);
            byte[] damaged = [.. page[..cut], .. noise, .. page[cut..]];
            try
            {
                new ListReader<ConfigMap>(ResourceTypes.ConfigMap, 1 << 20)
                    .ReadAsync(new MemoryStream(damaged), _ => ValueTask.CompletedTask, CancellationToken.None).GetAwaiter().GetResult();
                return true;
            }
            catch (System.Text.Json.JsonException) { return true; }
        }).QuickCheckThrowOnFailure();

    private static string Page(string version, string more, params string[] names) => $$"""
        {"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"{{version}}","continue":"{{more}}"},
         "items":[{{string.Join(',', names.Select(Item))}}]}
        """;

    private static string Item(string name) => $$$"""{"metadata":{"name":"{{{name}}}"},"data":{"k":"{{{new string('v', 50)}}}"}}""";
}
