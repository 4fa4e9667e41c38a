using System.Text.Json;
using Ambient.CniAgent.PodWatch;
using Ambient.Kubernetes.Resources;

namespace Ambient.CniAgent.Tests.PodWatch;

public sealed class ProbePortsTests
{
    [Theory]
    [InlineData("""{"livenessProbe":{"httpGet":{"port":8080,"path":"/"}}}""", 8080)]
    [InlineData("""{"readinessProbe":{"tcpSocket":{"port":9090}}}""", 9090)]
    [InlineData("""{"startupProbe":{"grpc":{"port":5000}}}""", 5000)]
    [InlineData("""{"ports":[{"name":"web","containerPort":8081}],"readinessProbe":{"httpGet":{"port":"web"}}}""", 8081)]
    [InlineData("""{"readinessProbe":{"httpGet":{"port":"8082"}}}""", 8082)]
    public void Every_kind_of_probe_has_its_port(string container, int port) => Assert.Equal([(ushort)port], Ports(container));

    [Theory]
    [InlineData("""{"livenessProbe":{"exec":{"command":["true"]}}}""")]
    [InlineData("""{"livenessProbe":{"httpGet":{"port":80,"host":"10.0.0.1"}}}""")] // another host is asked
    [InlineData("""{"livenessProbe":{"httpGet":{"port":"no-such-name"}}}""")]
    [InlineData("""{"livenessProbe":{"tcpSocket":{"port":70000}}}""")]
    [InlineData("""{"livenessProbe":{"tcpSocket":{"port":0}}}""")]
    [InlineData("""{"ports":[{"name":"web","containerPort":8081}]}""")]
    public void Nothing_else_has_one(string container) => Assert.Empty(Ports(container));

    [Fact]
    public void Ports_are_sorted_and_told_once_and_sidecars_count_but_other_init_containers_do_not()
    {
        var pod = Parse("""
            {"containers":[{"livenessProbe":{"tcpSocket":{"port":9}},"readinessProbe":{"tcpSocket":{"port":7}},"startupProbe":{"grpc":{"port":9}}}],
             "initContainers":[{"restartPolicy":"Always","readinessProbe":{"tcpSocket":{"port":8}}},{"readinessProbe":{"tcpSocket":{"port":6}}}]}
            """);

        Assert.Equal([7, 8, 9], ProbePorts.Of(pod));
    }

    private static Model.EquatableArray<ushort> Ports(string container) => ProbePorts.Of(Parse($$"""{"containers":[{{container}}]}"""));

    private static Kubernetes.Resources.PodSpec? Parse(string spec) =>
        JsonSerializer.Deserialize($$"""{"spec":{{spec}}}""", KubernetesJson.Default.Pod)!.Spec;
}
