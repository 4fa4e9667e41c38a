using System.Text.Json;
using Ambient.ControlPlane.Indexing;
using Ambient.Kubernetes.Resources;
using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

public sealed class ObjectTrimTests
{
    [Fact]
    public void The_index_makes_the_same_of_trimmed_objects()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var generator = new RandomObjects(new Random(seed));
            KubernetesObject[] objects = [.. Enumerable.Range(0, 40).Select(_ => generator.Next())];
            var trim = new ObjectTrim();
            var (whole, trimmed) = (new IndexedMesh(objects), new IndexedMesh([.. objects.Select(value => Trim(trim, value))]));

            Assert.Equal(whole.Snapshot.Workloads.OrderBy(static w => w.Uid), trimmed.Snapshot.Workloads.OrderBy(static w => w.Uid));
        }
    }

    [Theory]
    [InlineData("*")]
    [InlineData("other/caller")]
    public void Whom_a_pod_lets_pass_by_its_waypoint_is_kept(string passers)
    {
        var pod = Pod("web", labels: "istio.io/use-waypoint=wp", annotations: $"ambient.istio.io/redirection=enabled ambient.mesh/waypoint-bypass={passers}");
        KubernetesObject[] around = [Namespace("default"), Waypoint("wp", @for: "workload")];

        var (whole, trimmed) = (new IndexedMesh([.. around, pod]), new IndexedMesh([.. around, new ObjectTrim().Trim(pod)]));

        Assert.Equal(whole.FindPod("web"), trimmed.FindPod("web"));
        Assert.Equal(whole.Snapshot.Policies, trimmed.Snapshot.Policies);
    }

    [Fact]
    public void What_a_real_pod_carries_and_nobody_reads_is_dropped()
    {
        var json = """
            {"metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7","labels":{"app":"web","tier":"front"},"annotations":{"a":"b","ambient.istio.io/redirection":"enabled"},
              "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-1","uid":"x","controller":true},{"kind":"Other","name":"o"}]},
             "spec":{"nodeName":"n","serviceAccountName":"s","containers":[{"ports":[{"name":"http","containerPort":80,"protocol":"TCP"},{"containerPort":81}]},{"ports":[]}],
              "initContainers":[{"ports":[{"name":"x","containerPort":1}]}]},
             "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],"conditions":[{"type":"Ready","status":"True"},{"type":"PodScheduled","status":"True"}]}}
            """;

        var pod = new ObjectTrim().Trim(JsonSerializer.Deserialize(json, ResourceTypes.Pod.Json)!);

        const string Kept = """
            {"metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7","labels":{"app":"web","tier":"front"},"annotations":{"ambient.istio.io/redirection":"enabled"},"ownerReferences":[{"apiVersion":"","kind":"ReplicaSet","name":"web-1","uid":"","controller":true}]},"spec":{"nodeName":"n","serviceAccountName":"s","hostNetwork":false,"containers":[{"ports":[{"name":"http","containerPort":80}]}]},"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.1"}],"conditions":[{"type":"Ready","status":"True"}]}}
            """;
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(Kept), JsonSerializer.SerializeToElement(pod, ResourceTypes.Pod.Json)),
            JsonSerializer.Serialize(pod, ResourceTypes.Pod.Json));
    }

    [Fact]
    public void Equal_texts_of_two_pods_are_one_object()
    {
        var trim = new ObjectTrim();

        // Two texts may fall into one slot of the cache, so not every pair shares; most do.
        var sharing = Enumerable.Range(0, 100).Count(node =>
            ReferenceEquals(trim.Trim(Pod(node)).Spec!.NodeName, trim.Trim(Pod(node)).Spec!.NodeName));

        Assert.InRange(sharing, 50, 100);
        static Pod Pod(int node) => JsonSerializer.Deserialize($$$"""{"metadata":{"name":"a"},"spec":{"nodeName":"node{{{node}}}"}}""", ResourceTypes.Pod.Json)!;
    }

    private static KubernetesObject Trim(ObjectTrim trim, KubernetesObject value) => value switch
    {
        Pod pod => trim.Trim(pod),
        EndpointSlice slice => trim.Trim(slice),
        _ => value,
    };
}
