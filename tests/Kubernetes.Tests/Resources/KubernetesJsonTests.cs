using System.Text;
using System.Text.Json;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Tests.Resources;

public sealed class KubernetesJsonTests
{
    [Fact]
    public void A_pod_is_read_as_the_API_server_writes_it()
    {
        var pod = Read("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","generation":3,"labels":{"app":"web"},
              "creationTimestamp":"2026-01-31T12:00:00Z","managedFields":[{"manager":"x"}]},
             "spec":{"nodeName":"n1","hostNetwork":true,"containers":[{"name":"c","image":"i","ports":[{"name":"http","containerPort":8080}]}]},
             "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],
               "conditions":[{"type":"Ready","status":"True"}]}}
            """, ResourceTypes.Pod);

        Assert.Equal(("web", "shop", 3L), (pod.Metadata.Name, pod.Metadata.Namespace, pod.Metadata.Generation));
        Assert.Equal("web", pod.Metadata.Label("app"));
        Assert.Equal(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero), pod.Metadata.CreationTimestamp);
        Assert.Equal(["10.0.0.1", "fd00::1"], pod.Status!.PodIPs!.Select(static ip => ip.Ip));
        Assert.Equal(("http", 8080), (pod.Spec!.Containers![0].Ports![0].Name, pod.Spec.Containers[0].Ports![0].Port));
        Assert.True(pod.Spec.HostNetwork);
    }

    [Fact]
    public void What_is_absent_keeps_its_default()
    {
        var pod = Read("{}", ResourceTypes.Pod);
        var gateway = Read("""{"metadata":{},"spec":{}}""", ResourceTypes.Gateway);

        Assert.Equal("", pod.Metadata.Name);
        Assert.Null(pod.Spec);
        Assert.Equal("", gateway.Metadata.Name);
        Assert.Equal("", gateway.Spec!.GatewayClassName);
    }

    [Theory]
    [InlineData("""{"port":80,"targetPort":8080}""", 8080, null)]
    [InlineData("""{"port":80,"targetPort":"http"}""", null, "http")]
    public void A_target_port_is_a_number_or_a_name(string json, int? number, string? name)
    {
        var service = Read($$$"""{"spec":{"ports":[{{{json}}}]}}""", ResourceTypes.Service);

        var target = service.Spec!.Ports![0].TargetPort!.Value;
        Assert.Equal((number, name), (target.Number, target.Text));
        Assert.Contains(json, Write(service, ResourceTypes.Service));
    }

    [Fact]
    public void A_lease_is_written_with_microseconds()
    {
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(1_234_560);
        var lease = new Lease { Metadata = new() { Name = "leader", CreationTimestamp = at }, Spec = new() { RenewTime = at } };

        var json = Write(lease, ResourceTypes.Lease);

        Assert.Contains("\"renewTime\":\"2026-01-02T03:04:05.123456Z\"", json);
        Assert.Contains("\"creationTimestamp\":\"2026-01-02T03:04:05Z\"", json);
        Assert.Equal(at, Read(json, ResourceTypes.Lease).Spec!.RenewTime);
    }

    [Fact]
    public void Numbers_are_read_from_strings_too_as_Istio_writes_them()
    {
        var policy = Read("""{"status":{"conditions":[{"type":"T","status":"True","observedGeneration":"7"}]}}""", ResourceTypes.AuthorizationPolicy);

        Assert.Equal(7, policy.Status!.Conditions![0].ObservedGeneration);
    }

    [Fact]
    public void Conditions_that_are_null_are_none()
    {
        const string json = """{"status":{"conditions":[null,{"type":"T","status":"True"},null]}}""";

        Assert.Equal("T", Assert.Single(Read(json, ResourceTypes.AuthorizationPolicy).Status!.Conditions!)?.Type);
        Assert.Equal("T", Assert.Single(Read(json, ResourceTypes.ServiceEntry).Status!.Conditions!)?.Type);
        Assert.Equal("T", Assert.Single(Read(json, ResourceTypes.WorkloadEntry).Status!.Conditions!)?.Type);
    }

    [Fact]
    public void A_quantity_is_a_text_or_a_number()
    {
        var deployment = Read(
            """{"spec":{"template":{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":1,"memory":"1Gi"}}}]}}}}""",
            ResourceTypes.Deployment);

        var limits = deployment.Spec!.Template!.Spec!.Containers![0].Resources!.Limits!;
        Assert.Equal(("1", "1Gi"), (limits["cpu"].Text, limits["memory"].Text));
    }

    [Fact]
    public void A_secret_holds_bytes_and_does_not_show_them()
    {
        var secret = new Secret { Metadata = new() { Name = "s", Namespace = "n" }, Data = new Dictionary<string, byte[]> { ["key"] = "abc"u8.ToArray() } };

        var json = Write(secret, ResourceTypes.Secret);

        Assert.Contains("\"key\":\"YWJj\"", json);
        Assert.Equal("abc"u8.ToArray(), Read(json, ResourceTypes.Secret).Data!["key"]);
        Assert.DoesNotContain("YWJj", secret.ToString());
        Assert.DoesNotContain("abc", secret.ToString());
    }

    [Fact]
    public void A_token_is_not_shown_in_the_text_of_a_review()
    {
        var review = new TokenReview { Spec = new() { Token = "very-secret", Audiences = ["istio-ca"] } };

        Assert.DoesNotContain("very-secret", review.ToString());
    }

    private static T Read<T>(string json, ResourceType<T> type) where T : KubernetesObject =>
        JsonSerializer.Deserialize(json, type.Json)!;

    private static string Write<T>(T value, ResourceType<T> type) where T : KubernetesObject =>
        Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(value, type.Json));
}
