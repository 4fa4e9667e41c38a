using System.Net.Http.Headers;
using System.Text;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Schemas;
using Ambient.Playground.Api.Selection;
using Ambient.Playground.Api.Tables;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Playground.Tests.Api;

public sealed class HostileInputTests
{
    private static readonly string[] Bodies =
    [
        """{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","labels":{"x":"y"}},"spec":{"ports":[{"port":80}],"selector":{"app":"web"}}}""",
        """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}]}]}}""",
        """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""",
        """[{"op":"add","path":"/metadata/labels/x","value":{"y":[1,2,null]}}]""",
        """{"spec":{"containers":[{"name":"c","$patch":"delete"}],"$setElementOrder/containers":[{"name":"c"}]}}""",
        """{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"as.b.c"},"spec":{"group":"b.c","scope":"Cluster","names":{"plural":"as","kind":"A"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}""",
    ];

    private static readonly string[] Paths =
    [
        "/api/v1/namespaces/default/services", "/api/v1/namespaces/default/pods", "/apis/apps/v1/namespaces/default/deployments", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/apis/apps/v1/namespaces/default/deployments/a/scale", "/api/v1/namespaces/default/serviceaccounts/default/token",
        "/apis/authentication.k8s.io/v1/tokenreviews", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/api/v1/namespaces/default/pods/a/binding",
    ];

    private static readonly string[] Types =
    [
        "application/json", "application/yaml", "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
        "application/apply-patch+yaml", "application/vnd.kubernetes.protobuf",
    ];

    [Fact]
    public async Task No_body_of_a_request_is_answered_with_an_internal_error()
    {
        await using var api = await TestApi.StartAsync();
        var random = new System.Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var body = Mutate(random, Encoding.UTF8.GetBytes(Bodies[random.Next(Bodies.Length)]));
            var method = (string[])["POST", "PUT", "PATCH", "DELETE"];
            using var request = new HttpRequestMessage(new HttpMethod(method[random.Next(4)]), Paths[random.Next(Paths.Length)] + "?fieldManager=fuzz&force=true");
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(Types[random.Next(Types.Length)]);

            using var response = await api.Http.SendAsync(request);

            var text = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode < 500, $"{request.Method} {request.RequestUri} {request.Content.Headers.ContentType}: {Encoding.UTF8.GetString(body)}\n{text}");
        }
        Assert.Equal(200, (await api.GetAsync("/api/v1/namespaces/default")).Status);
    }

    [Fact]
    public async Task No_query_or_path_is_answered_with_an_internal_error()
    {
        await using var api = await TestApi.StartAsync();
        var random = new System.Random(11);
        string[] names = ["labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch", "fieldManager", "dryRun", "fieldValidation", "propagationPolicy"];
        string[] values = ["a=b", "a in (b", "!a", "a,,b", "metadata.name=", "=x", "-1", "99999999999999999999", "1", "Exact", "NotOlderThan", "%00", "a%0Ab", "All", "(((", "a>1", "a>x", "[*]"];
        for (var i = 0; i < 1000; i++)
        {
            var query = string.Join('&', Enumerable.Range(0, random.Next(4)).Select(_ => $"{names[random.Next(names.Length)]}={Uri.EscapeDataString(values[random.Next(values.Length)])}"));
            var path = Paths[random.Next(Paths.Length)] + string.Concat(Enumerable.Repeat("/x", random.Next(3)));

            using var response = await api.Http.GetAsync($"{path}?{query}");

            Assert.True((int)response.StatusCode is < 500 or 504, $"{path}?{query}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public void Label_selectors_are_read_or_refused() => Prop.ForAll(Text("ab=!(),<> in notin"), text =>
    {
        try
        {
            var selector = LabelSelector.Parse(text);
            var again = LabelSelector.Parse(selector.ToString());
            return selector.ToString() == again.ToString();
        }
        catch (StatusException error)
        {
            return error.Code == 400;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Yaml_that_the_scanner_stumbles_over_is_refused()
    {
        var refusal = Assert.Throws<FormatException>(static () => Yaml.ParseAll("?\t a&!!,\n[:?:#[ ?,...!-!-\n0\"&\""));

        Assert.IsType<InvalidOperationException>(refusal.InnerException);
    }

    [Fact]
    public void Yaml_is_read_or_refused() => Prop.ForAll(Text("a:-[]{}&*!|>'\"#%\n \t0.~,?"), text =>
    {
        try { Yaml.ParseAll(text); return true; }
        catch (FormatException) { return true; }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Protobuf_is_read_or_refused() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
    {
        byte[] framed = [.. "k8s\0"u8, 10, 13, 10, 2, (byte)'v', (byte)'1', 18, 7, .. "Service"u8[..7], 18, (byte)Math.Min(bytes.Length, 127), .. bytes.Take(127)];
        try { Protobuf.Read(framed); return true; }
        catch (FormatException) { return true; }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Column_paths_find_something_or_nothing() => Prop.ForAll(Text(".[]?(@=\"')*ab0\\-"), text =>
        JsonPath.Parse(text).Find(Json.ParseObject("""{"a":{"b":[{"a":"0"},1]}}"""u8)) is not null).QuickCheckThrowOnFailure();

    [Fact]
    public void Aliases_cannot_make_a_small_text_huge()
    {
        var bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat("bcdefghij".Select((name, i) => $"{name}: &{name} [{string.Join(',', Enumerable.Repeat($"*{(char)('a' + i)}", 10))}]\n"));

        Assert.Contains("more than 500000 nodes", Assert.Throws<FormatException>(() => Yaml.ParseAll(bomb)).Message);
    }

    private static Arbitrary<string> Text(string letters) =>
        Gen.ArrayOf(Gen.Elements(letters.ToCharArray())).Select(array => new string(array)).ToArbitrary();

    private static byte[] Mutate(System.Random random, byte[] body)
    {
        var bytes = body.ToList();
        for (var changes = random.Next(4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.RemoveRange(at, Math.Min(random.Next(1, 8), bytes.Count - at)); break;
                case 2: bytes.Insert(at, (byte)"{}[]\",:0n"[random.Next(9)]); break;
                default: bytes.InsertRange(at, bytes.Take(random.Next(bytes.Count)).ToArray()); break;
            }
        }
        return [.. bytes];
    }
}
