namespace Ambient.Playground.Tests.Api;

public sealed class ListTests
{
    [Fact]
    public async Task Pages_together_are_the_list_as_it_was_at_the_first_one()
    {
        await using var api = await TestApi.StartAsync();
        for (var i = 0; i < 7; i++) api.Map($"m{i}");
        var names = new List<string>();
        var (next, versions) = ("", new HashSet<string>());

        do
        {
            var (_, page) = await api.GetAsync($"/api/v1/namespaces/default/configmaps?limit=3&continue={next}");
            names.AddRange(page["items"]!.AsArray().Select(item => item!["metadata"]!["name"]!.GetValue<string>()));
            versions.Add(page["metadata"]!["resourceVersion"]!.GetValue<string>());
            next = page["metadata"]!["continue"]?.GetValue<string>() ?? "";
            api.Map($"later{names.Count}");
            api.Store.Delete(api.Maps, "default", $"m{names.Count % 7}");
        }
        while (next.Length > 0);

        Assert.Equal(["kube-root-ca.crt", "m0", "m1", "m2", "m3", "m4", "m5", "m6"], names);
        Assert.Single(versions);
    }

    [Fact]
    public async Task The_first_page_says_how_much_remains()
    {
        await using var api = await TestApi.StartAsync();
        for (var i = 0; i < 4; i++) api.Map($"m{i}");

        var (_, page) = await api.GetAsync("/api/v1/namespaces/default/configmaps?limit=2");

        Assert.Equal(3, page["metadata"]!["remainingItemCount"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("MTox")] // 1:1 of a list that was never kept
    [InlineData("!!!")]
    [InlineData("MTotMQ")] // 1:-1
    public async Task Tokens_that_are_none_or_too_old_are_refused(string token)
    {
        await using var api = await TestApi.StartAsync();

        var (status, _) = await api.GetAsync($"/api/v1/configmaps?limit=2&continue={Uri.EscapeDataString(token)}");

        Assert.Contains(status, (int[])[400, 410]);
    }

    [Fact]
    public async Task A_token_belongs_to_its_list()
    {
        await using var api = await TestApi.StartAsync();
        for (var i = 0; i < 4; i++) api.Map($"m{i}");
        var token = (await api.GetAsync("/api/v1/configmaps?limit=2")).Body["metadata"]!["continue"]!.GetValue<string>();

        Assert.Equal(400, (await api.GetAsync($"/api/v1/secrets?limit=2&continue={token}")).Status);
    }

    [Fact]
    public async Task An_exact_version_is_the_past_until_it_is_forgotten()
    {
        await using var api = await TestApi.StartAsync();
        api.Map("a", data: """{"x":"1"}""");
        var version = api.Map("b").Version;
        api.Store.Update(api.Maps, "default", "a", map => { map["data"]!["x"] = "2"; return map; });
        api.Store.Delete(api.Maps, "default", "b");
        api.Map("c");

        var (_, past) = await api.GetAsync($"/api/v1/namespaces/default/configmaps?resourceVersion={version}&resourceVersionMatch=Exact");
        api.Store.Compact(api.Maps);
        var (forgotten, _) = await api.GetAsync($"/api/v1/namespaces/default/configmaps?resourceVersion={version}&resourceVersionMatch=Exact");

        Assert.Equal(["a", "b", "kube-root-ca.crt"], past["items"]!.AsArray().Select(item => item!["metadata"]!["name"]!.GetValue<string>()));
        Assert.Equal("1", past["items"]![0]!["data"]!["x"]!.GetValue<string>());
        Assert.Equal(410, forgotten);
    }

    [Fact]
    public async Task Tables_have_the_columns_of_their_kind_and_metadata_only_lists_nothing_else()
    {
        await using var api = await TestApi.StartAsync();
        api.Map("a", data: """{"x":"1"}""");

        var (_, table) = await api.GetAsync("/api/v1/namespaces/default/configmaps", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        var (_, metadata) = await api.GetAsync("/api/v1/namespaces/default/configmaps", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");

        Assert.Equal(["Name", "Data", "Age"], table["columnDefinitions"]!.AsArray().Select(column => column!["name"]!.GetValue<string>()));
        Assert.Equal(("a", "1"), (table["rows"]![0]!["cells"]![0]!.GetValue<string>(), table["rows"]![0]!["cells"]![1]!.GetValue<string>()));
        Assert.Equal(("PartialObjectMetadataList", null), (metadata["kind"]!.GetValue<string>(), metadata["items"]![0]!["data"]));
    }

    [Fact]
    public async Task What_cannot_be_written_is_not_acceptable()
    {
        await using var api = await TestApi.StartAsync();

        Assert.Equal(406, (await api.GetAsync("/api/v1/configmaps", "text/html")).Status);
        Assert.Equal(200, (await api.GetAsync("/api/v1/configmaps", "application/vnd.kubernetes.protobuf,application/json")).Status);
    }

    [Fact]
    public async Task Every_version_of_a_kind_shows_the_same_object()
    {
        await using var api = await TestApi.StartAsync();
        api.Create("""{"apiVersion":"security.istio.io/v1beta1","kind":"PeerAuthentication","metadata":{"name":"p","namespace":"default"},"spec":{"mtls":{"mode":"STRICT"}}}""");

        foreach (var version in (string[])["v1", "v1beta1"])
        {
            var (_, found) = await api.GetAsync($"/apis/security.istio.io/{version}/namespaces/default/peerauthentications/p");
            Assert.Equal(($"security.istio.io/{version}", "STRICT"), (found["apiVersion"]!.GetValue<string>(), found["spec"]!["mtls"]!["mode"]!.GetValue<string>()));
        }
    }
}
