using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Addresses;
using Ambient.Model.Workloads;
using static Ambient.TestKit.Cluster.Objects;
using Pod = Ambient.Kubernetes.Resources.Pod;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What a pod becomes.</summary>
public sealed class PodWorkloadTests
{
    [Fact]
    public void A_pod_is_published_with_its_place_its_identity_and_its_addresses()
    {
        var mesh = new IndexedMesh(
            Pod("shop/web-1", "10.0.0.1 fd00::1", "app=web version=v2", "web", "n1"),
            Node("n1", "topology.kubernetes.io/region=r topology.kubernetes.io/zone=z topology.istio.io/subzone=s"));

        var workload = mesh.Pod("shop/web-1");

        Assert.Equal("Kubernetes//Pod/shop/web-1", workload.Uid);
        Assert.Equal(("web-1", "shop", "n1", "Kubernetes"), (workload.Name, workload.Namespace, workload.Node, workload.ClusterId));
        Assert.Equal(["10.0.0.1", "fd00::1"], workload.Addresses.Select(static ip => ip.ToString()));
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/web", workload.Identity.ToString());
        Assert.Equal(new Locality("r", "z", "s"), workload.Locality);
        Assert.Equal((WorkloadStatus.Healthy, WorkloadType.Pod, TunnelProtocol.Hbone), (workload.Status, workload.Type, workload.Protocol));
        Assert.Equal((NetworkMode.Standard, 1u, false), (workload.NetworkMode, workload.Capacity, workload.NativeTunnel));
    }

    [Theory]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public void A_pod_that_has_ended_is_not_published(string phase) =>
        Assert.Null(new IndexedMesh(WithStatus(static status => status with { Phase = "x" }, phase)).FindPod("web"));

    [Fact]
    public void A_pod_without_an_IP_is_not_published_but_a_pending_one_with_an_IP_is()
    {
        var mesh = new IndexedMesh(
            Pod("none", ips: ""),
            Pod("pending") with { Status = new() { Phase = "Pending", PodIP = "10.0.0.2" } });

        Assert.Null(mesh.FindPod("none"));
        Assert.Equal("10.0.0.2", mesh.Pod("pending").Addresses[0].ToString());
    }

    [Theory]
    [InlineData("10.0.0.1 nonsense")]
    [InlineData("010.0.0.1")]
    [InlineData("1")]
    public void An_address_that_cannot_be_read_keeps_the_pod_out_and_says_so(string ips)
    {
        var mesh = new IndexedMesh(Pod("web", ips));

        Assert.Null(mesh.FindPod("web"));
        Assert.Contains(mesh.Index.Diagnostics, static line => line is { Kind: "Pod", Field: "status.podIPs" } && line.Object.Name == "web");
    }

    [Fact]
    public void Health_is_readiness_and_a_pod_that_is_going_away_has_none()
    {
        var mesh = new IndexedMesh(
            Pod("unready") with { Status = new() { PodIP = "10.0.0.2", Conditions = [new() { Type = "Ready", Status = "False" }] } },
            Pod("silent") with { Status = new() { PodIP = "10.0.0.3" } },
            Deleted(Pod("going", "10.0.0.4")));

        Assert.All(new[] { "unready", "silent", "going" }, name => Assert.Equal(WorkloadStatus.Unhealthy, mesh.Pod(name).Status));
    }

    [Fact]
    public void The_network_is_the_clusters_whatever_the_pod_says()
    {
        var mesh = new IndexedMesh(
            Namespace("istio-system", "topology.istio.io/network=east"), Pod("web", labels: "topology.istio.io/network=west"));

        Assert.Equal("east", mesh.Pod("web").Network);
        Assert.NotNull(mesh.Snapshot.FindWorkload(new NetworkAddress("east", System.Net.IPAddress.Parse("10.0.0.1"))));
    }

    [Theory]
    [InlineData("", "north")]
    [InlineData("topology.istio.io/network=east", "east")]
    [InlineData("topology.istio.io/network=a/b", "north")]
    public void The_network_is_the_one_that_was_set_unless_the_meshs_namespace_names_another(string labels, string network)
    {
        var mesh = new IndexedMesh(new IndexOptions { Network = "north" });

        mesh.Set(Namespace("istio-system", labels), Pod("web"));

        Assert.Equal(network, mesh.Pod("web").Network);
    }

    [Fact]
    public void The_trust_domain_is_the_meshs()
    {
        var mesh = new IndexedMesh(MeshConfig("trustDomain: example.org"), Pod("web"));

        Assert.Equal("example.org", mesh.Pod("web").TrustDomain);
    }

    [Fact]
    public void A_pod_on_its_nodes_network_says_so()
    {
        var pod = Pod("web");

        var mesh = new IndexedMesh(pod with { Spec = pod.Spec! with { HostNetwork = true } });

        Assert.Equal(NetworkMode.HostNetwork, mesh.Pod("web").NetworkMode);
    }

    [Theory]
    [InlineData("", "ambient.istio.io/redirection=enabled", TunnelProtocol.Hbone, false)]
    [InlineData("", "ambient.istio.io/redirection=pending", TunnelProtocol.Hbone, false)]
    [InlineData("", "ambient.istio.io/redirection=disabled", TunnelProtocol.None, false)]
    [InlineData("", "", TunnelProtocol.None, false)]
    [InlineData("networking.istio.io/tunnel=http", "", TunnelProtocol.Hbone, true)]
    [InlineData("networking.istio.io/tunnel=x,http", "", TunnelProtocol.Hbone, true)]
    [InlineData("networking.istio.io/tunnel=https", "", TunnelProtocol.None, false)]
    [InlineData("security.istio.io/tlsMode=istio", "", TunnelProtocol.None, false)]
    public void How_it_is_reached_follows_from_redirection_and_the_tunnel_label(
        string labels, string annotations, TunnelProtocol protocol, bool native)
    {
        var workload = new IndexedMesh(Pod("web", labels: labels, annotations: annotations)).Pod("web");

        Assert.Equal((protocol, native), (workload.Protocol, workload.NativeTunnel));
    }

    [Theory]
    [InlineData("", "ReplicaSet", "web-5d4f", "pod-template-hash=5d4f", "web")]
    [InlineData("", "ReplicaSet", "web-5d4f", "rollouts-pod-template-hash=5d4f", "web")]
    [InlineData("", "ReplicaSet", "bare", "", "bare")]
    [InlineData("", "ReplicaSet", "web-5d4f", "pod-template-hash=other", "web-5d4f")]
    [InlineData("", "ReplicationController", "web-3", "deploymentconfig=web", "web")]
    [InlineData("", "Job", "report-28391234", "", "report")]
    [InlineData("", "Job", "report-1234567", "", "report-1234567")]
    [InlineData("", "Job", "report-12345678901", "", "report-12345678901")]
    [InlineData("", "StatefulSet", "db", "", "db")]
    [InlineData("service.istio.io/workload-name=mine", "StatefulSet", "db", "", "mine")]
    public void The_workloads_name_is_that_of_what_made_the_pod(string label, string ownerKind, string owner, string labels, string name)
    {
        var pod = Pod("pod-x", labels: $"{label} {labels}".Trim());
        var owned = pod with
        {
            Metadata = pod.Metadata with
            {
                GenerateName = $"{owner}-",
                OwnerReferences = [new() { Kind = ownerKind, Name = owner, Controller = true }],
            },
        };

        Assert.Equal(name, new IndexedMesh(owned).Pod("pod-x").WorkloadName);
        Assert.Equal(label.Length > 0 ? name : "pod-x", new IndexedMesh(pod).Pod("pod-x").WorkloadName);
    }

    [Theory]
    [InlineData("service.istio.io/canonical-name=a app.kubernetes.io/name=b app=c", "a")]
    [InlineData("app.kubernetes.io/name=b app=c", "b")]
    [InlineData("app=c", "c")]
    [InlineData("", "web")]
    public void The_canonical_name_is_the_first_that_is_given(string labels, string name) =>
        Assert.Equal(name, new IndexedMesh(Pod("web", labels: labels)).Pod("web").CanonicalName);

    [Theory]
    [InlineData("service.istio.io/canonical-revision=a app.kubernetes.io/version=b version=c", "a")]
    [InlineData("app.kubernetes.io/version=b version=c", "b")]
    [InlineData("version=c", "c")]
    [InlineData("", "latest")]
    public void The_canonical_revision_is_the_first_that_is_given(string labels, string revision) =>
        Assert.Equal(revision, new IndexedMesh(Pod("web", labels: labels)).Pod("web").CanonicalRevision);

    [Fact]
    public void It_is_a_member_of_the_services_of_its_namespace_that_select_it()
    {
        var mesh = new IndexedMesh(
            Pod("web", labels: "app=web tier=front"),
            Service("a", "app=web"), Service("b", "app=web tier=front"), Service("c", "app=db"), Service("d"), Service("other/e", "app=web"));

        Assert.Equal(["a", "b"], mesh.Pod("web").Services.Select(static member => member.Service.Hostname.Split('.')[0]));
    }

    [Fact]
    public void A_service_without_selector_has_the_pods_that_its_slices_name_with_their_uid()
    {
        var mesh = new IndexedMesh(
            Service("web"), Slice("web-1", "web", "pod:good:uid-default-good pod:reborn:old-uid"), Pod("good", "10.0.0.1"), Pod("reborn", "10.0.0.2"));

        Assert.Equal(IndexedMesh.Key("web"), Assert.Single(mesh.Pod("good").Services).Service);
        Assert.Empty(mesh.Pod("reborn").Services);
    }

    [Theory]
    [InlineData("80:8080", 8080)]
    [InlineData("80", 80)]
    [InlineData("http:80:web", 9000)]
    [InlineData("http:80:sidecar", 7000)]
    [InlineData("http:80:init", null)]
    [InlineData("http:80:missing", null)]
    [InlineData("http:80:udp", null)]
    public void A_services_port_leads_to_a_number_or_to_the_container_port_of_that_name(string port, int? target)
    {
        var pod = Pod("web", labels: "app=web", ports: "web:9000");
        var withInit = pod with
        {
            Spec = pod.Spec! with
            {
                Containers = [.. pod.Spec.Containers!, new() { Ports = [new() { Name = "udp", Port = 53, Protocol = "UDP" }] }],
                InitContainers =
                [
                    new() { Ports = [new() { Name = "sidecar", Port = 7000 }], RestartPolicy = "Always" },
                    new() { Ports = [new() { Name = "init", Port = 7001 }] },
                ],
            },
        };

        var member = Assert.Single(new IndexedMesh(withInit, Service("web", "app=web", port)).Pod("web").Services);

        Assert.Equal(target is not null, member.Ports.TryGetTarget(80, out var found));
        Assert.Equal(target ?? 0, found);
    }

    [Theory]
    [InlineData("web:80:8080", 9000)] // a container port has the entry's port name
    [InlineData("none:80:8080", 8080)]
    [InlineData("80", 80)]
    public void A_service_entrys_port_leads_to_the_container_port_of_its_own_name_first(string port, int target)
    {
        var mesh = new IndexedMesh(Pod("web", labels: "app=web", ports: "web:9000"),
            ServiceEntry("entry", "x.example.com", ports: port, selector: "app=web"));

        Assert.True(Assert.Single(mesh.Pod("web").Services).Ports.TryGetTarget(80, out var found));
        Assert.Equal(target, found);
    }

    [Fact]
    public void A_pod_that_runs_a_waypoint_has_none_itself_and_says_how_it_takes_connections()
    {
        var mesh = new IndexedMesh(
            Namespace("default", "istio.io/use-waypoint=wp"),
            Waypoint("wp", @for: "all", annotations: "ambient.istio.io/waypoint-inbound-binding=PROXY/15088"),
            Pod("wp-1", "10.0.0.1", "gateway.networking.k8s.io/gateway-name=wp"),
            Pod("web", "10.0.0.2"));

        Assert.Null(mesh.Pod("wp-1").Waypoint);
        Assert.Equal(new ApplicationTunnel(ApplicationTunnelProtocol.Proxy, 15088), mesh.Pod("wp-1").ApplicationTunnel);
        Assert.NotNull(mesh.Pod("web").Waypoint);
        Assert.Null(mesh.Pod("web").ApplicationTunnel);
    }

    [Fact]
    public void Policies_are_listed_in_order_own_and_of_the_root_then_peer_authentication()
    {
        var mesh = new IndexedMesh(
            Pod("web", labels: "app=web"),
            Policy("z", selector: "app=web"), Policy("a", selector: "app=web"), Policy("istio-system/m", selector: "app=web"),
            Policy("nobody", selector: "app=db"), Policy("everybody"), Policy("other/x", selector: "app=web"),
            Peer("strict", "STRICT"));

        Assert.Equal(["default/a", "default/z", "istio-system/m", "istio-system/istio_converted_static_strict"],
            mesh.Pod("web").AuthorizationPolicies);
    }

    private static Pod WithStatus(Func<PodStatus, PodStatus> change, string phase)
    {
        var pod = Pod("web");
        return pod with { Status = change(pod.Status!) with { Phase = phase } };
    }

    private static Pod Deleted(Pod pod) => pod with { Metadata = pod.Metadata with { DeletionTimestamp = Epoch } };
}
