using System.Net;
using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Access;
using Ambient.TestKit;

namespace Ambient.Playground.Tests.Api;

public sealed class AccessTests
{
    private const string Reviews = "/apis/authentication.k8s.io/v1/tokenreviews";

    [Fact]
    public async Task A_token_of_a_pod_names_its_pod_and_node_for_its_audience_only()
    {
        await using var api = await TestApi.StartAsync();
        var pod = api.Create("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default"},"spec":{"nodeName":"node7","containers":[{"name":"c","image":"i"}]}}""");
        var (_, request) = await api.PostAsync("/api/v1/namespaces/default/serviceaccounts/default/token",
            $$$$"""{"spec":{"audiences":["istio-ca"],"expirationSeconds":3600,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p","uid":"{{{{pod.Uid}}}}"}}}""");
        var token = request["status"]!["token"]!.GetValue<string>();

        var right = await ReviewAsync(api, token, "istio-ca");
        var wrong = await ReviewAsync(api, token, "somebody-else");

        Assert.True(right["authenticated"]!.GetValue<bool>());
        Assert.Equal("system:serviceaccount:default:default", right["user"]!["username"]!.GetValue<string>());
        Assert.Equal(["istio-ca"], right["audiences"]!.AsArray().Select(audience => audience!.GetValue<string>()));
        var extra = right["user"]!["extra"]!;
        Assert.Equal(("p", pod.Uid, "node7"), (First(extra, "pod-name"), First(extra, "pod-uid"), First(extra, "node-name")));
        Assert.False(wrong["authenticated"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_token_ends_with_its_time_its_pod_or_its_account()
    {
        var time = new ManualTime();
        await using var api = await TestApi.StartAsync(new() { Time = time });
        api.Create("""{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"web","namespace":"default"}}""");
        api.Create("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        var tokens = api.Server.Tokens;
        var timed = tokens.Issue("default", "default", ["a"], TimeSpan.FromHours(1)).Token;
        var bound = tokens.Issue("default", "default", ["a"], TimeSpan.FromDays(1), "p").Token;
        var owned = tokens.Issue("default", "web", ["a"], TimeSpan.FromDays(1)).Token;
        Assert.All((string[])[timed, bound, owned], token => Assert.NotNull(tokens.Check(token, ["a"]).Caller));

        time.Advance(TimeSpan.FromHours(1));
        api.Store.Delete(api.Kind("", "Pod"), "default", "p");
        api.Store.Delete(api.Kind("", "ServiceAccount"), "default", "web");

        Assert.All((string[])[timed, bound, owned], token => Assert.Null(tokens.Check(token, ["a"]).Caller));
    }

    [Fact]
    public async Task Changed_and_foreign_tokens_are_refused()
    {
        await using var api = await TestApi.StartAsync();
        await using var other = await TestApi.StartAsync();
        var token = api.Server.Tokens.Issue("default", "default", ["a"], TimeSpan.FromHours(1)).Token;
        var parts = token.Split('.');

        Assert.Null(other.Server.Tokens.Check(token, ["a"]).Caller);
        Assert.Null(api.Server.Tokens.Check($"{parts[0]}.{parts[1]}.", ["a"]).Caller);
        Assert.Null(api.Server.Tokens.Check($"{parts[0]}.{parts[1][..^2]}AA.{parts[2]}", ["a"]).Caller);
        Assert.Null(api.Server.Tokens.Check("", ["a"]).Caller);
        Assert.Null(api.Server.Tokens.Check("a.b.c", ["a"]).Caller);
    }

    [Fact]
    public async Task The_secured_listener_wants_a_token_and_its_certificate_is_of_its_own_authority()
    {
        await using var api = await TestApi.StartAsync();
        using var client = SecuredClient(api.Server);
        var without = await client.GetAsync("/api/v1/namespaces");
        client.DefaultRequestHeaders.Authorization = new("Bearer", api.Server.Tokens.Issue("default", "default", [], TimeSpan.FromHours(1)).Token);
        var with = await client.GetAsync("/api/v1/namespaces");
        client.DefaultRequestHeaders.Authorization = new("Bearer", api.Server.Tokens.Issue("default", "default", ["istio-ca"], TimeSpan.FromHours(1)).Token);
        var foreign = await client.GetAsync("/api/v1/namespaces");

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK, HttpStatusCode.Unauthorized), (without.StatusCode, with.StatusCode, foreign.StatusCode));
    }

    [Fact]
    public async Task With_roles_enforced_an_account_may_do_what_its_roles_give_and_no_more()
    {
        await using var api = await TestApi.StartAsync(new() { EnforcesRoles = true });
        api.Create("""{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"reader"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get","list"]},{"apiGroups":[""],"resources":["configmaps"],"resourceNames":["mine"],"verbs":["*"]}]}""");
        api.Create("""{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"reader","namespace":"default"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"reader"},"subjects":[{"kind":"ServiceAccount","name":"default","namespace":"default"}]}""");
        using var client = SecuredClient(api.Server);
        client.DefaultRequestHeaders.Authorization = new("Bearer", api.Server.Tokens.Issue("default", "default", [], TimeSpan.FromHours(1)).Token);

        async Task<int> Get(string path) => (int)(await client.GetAsync(path)).StatusCode;

        Assert.Equal(200, await Get("/api/v1/namespaces/default/pods"));
        Assert.Equal(403, await Get("/api/v1/namespaces/default/pods?watch=1"));
        Assert.Equal(403, await Get("/api/v1/pods"));
        Assert.Equal(403, await Get("/api/v1/namespaces/kube-system/pods"));
        Assert.Equal(403, await Get("/api/v1/namespaces/default/secrets"));
        Assert.Equal(403, await Get("/api/v1/namespaces/default/configmaps/other"));
        Assert.Equal(404, await Get("/api/v1/namespaces/default/configmaps/mine"));
        Assert.Equal(200, await Get("/apis"));
    }

    [Fact]
    public async Task A_role_for_a_name_lets_list_and_watch_that_name_and_apply_it_if_creation_is_in_it()
    {
        var seen = new System.Collections.Concurrent.ConcurrentQueue<Permission>();
        await using var api = await TestApi.StartAsync(new() { EnforcesRoles = true, Allowed = (_, permission) => seen.Enqueue(permission) });
        api.Create("""{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"mine"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"resourceNames":["mine"],"verbs":["list","patch","create"]},{"apiGroups":[""],"resources":["secrets"],"resourceNames":["mine"],"verbs":["patch"]}]}""");
        api.Create("""{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"mine"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"mine"},"subjects":[{"kind":"ServiceAccount","name":"default","namespace":"default"}]}""");
        using var client = SecuredClient(api.Server);
        client.DefaultRequestHeaders.Authorization = new("Bearer", api.Server.Tokens.Issue("default", "default", [], TimeSpan.FromHours(1)).Token);

        async Task<int> Get(string path) => (int)(await client.GetAsync(path)).StatusCode;
        async Task<int> Apply(string kind, string plural)
        {
            using var body = new StringContent($$$"""{"apiVersion":"v1","kind":"{{{kind}}}","metadata":{"name":"mine"}}""", System.Text.Encoding.UTF8, "application/apply-patch+yaml");
            return (int)(await client.PatchAsync($"/api/v1/namespaces/default/{plural}/mine?fieldManager=test", body)).StatusCode;
        }

        Assert.Equal(200, await Get("/api/v1/configmaps?fieldSelector=metadata.name%3Dmine"));
        Assert.Equal(403, await Get("/api/v1/configmaps?fieldSelector=metadata.name%3Dother"));
        Assert.Equal(403, await Get("/api/v1/configmaps"));
        Assert.Equal(201, await Apply("ConfigMap", "configmaps"));
        Assert.Equal(200, await Apply("ConfigMap", "configmaps"));
        Assert.Equal(403, await Apply("Secret", "secrets"));
        Assert.Equal(["list", "patch", "create", "patch", "patch"], seen.Where(one => one.Name == "mine").Select(one => one.Verb));
    }

    [Fact]
    public async Task A_refusal_says_who_may_not_do_what_where()
    {
        await using var api = await TestApi.StartAsync(new() { EnforcesRoles = true });
        api.Http.DefaultRequestHeaders.Add("Impersonate-User", "system:serviceaccount:default:default");

        var (status, body) = await api.GetAsync("/apis/apps/v1/namespaces/default/deployments");

        Assert.Equal(403, status);
        Assert.Equal("deployments.apps is forbidden: User \"system:serviceaccount:default:default\" cannot list resource \"deployments\" in API group \"apps\" in the namespace \"default\"",
            body["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task Access_reviews_answer_for_others()
    {
        await using var api = await TestApi.StartAsync(new() { EnforcesRoles = true });

        var (_, body) = await api.PostAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews",
            """{"spec":{"user":"system:serviceaccount:default:default","resourceAttributes":{"verb":"get","resource":"pods","namespace":"default"}}}""");

        Assert.False(body["status"]!["allowed"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_kubeconfig_is_readable_by_its_owner_only()
    {
        await using var api = await TestApi.StartAsync();
        var path = Path.Combine(Path.GetTempPath(), $"kubeconfig-{Guid.NewGuid():N}");
        try
        {
            await api.Server.WriteKubeconfigAsync(path, "default", "default");

            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            Assert.Contains(api.Server.TlsUrl, await File.ReadAllTextAsync(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static HttpClient SecuredClient(PlaygroundApi api)
    {
        var root = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(api.RootPem);
        var handler = new SocketsHttpHandler
        {
            SslOptions = new()
            {
                CertificateChainPolicy = new()
                {
                    TrustMode = System.Security.Cryptography.X509Certificates.X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root },
                    RevocationMode = System.Security.Cryptography.X509Certificates.X509RevocationMode.NoCheck,
                },
            },
        };
        return new HttpClient(handler) { BaseAddress = new Uri(api.TlsUrl) };
    }

    private static async Task<JsonObject> ReviewAsync(TestApi api, string token, string audience) =>
        (await api.PostAsync(Reviews, $$$"""{"spec":{"token":"{{{token}}}","audiences":["{{{audience}}}"]}}""")).Body["status"]!.AsObject();

    private static string First(JsonNode extra, string name) => extra[$"authentication.kubernetes.io/{name}"]![0]!.GetValue<string>();
}
