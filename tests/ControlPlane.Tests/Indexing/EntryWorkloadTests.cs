using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Workloads;
using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>What WorkloadEntries, endpoints of ServiceEntries and endpoints of slices become.</summary>
public sealed class EntryWorkloadTests
{
    private const string EntryUid = "Kubernetes/networking.istio.io/WorkloadEntry/default/vm";

    [Fact]
    public void A_workload_entry_is_published_with_what_it_says()
    {
        var entry = WorkloadEntry("vm", "10.6.0.1", "app=vm networking.istio.io/tunnel=http", "vm-account", "west");

        var workload = Find(new IndexedMesh(entry with { Spec = entry.Spec! with { Locality = "r/z/s", Weight = 5 } }), EntryUid);

        Assert.Equal("10.6.0.1", Assert.Single(workload.Addresses).ToString());
        Assert.Equal(("west", "vm-account", 5u, "vm"), (workload.Network, workload.ServiceAccount, workload.Capacity, workload.WorkloadName));
        Assert.Equal(new Locality("r", "z", "s"), workload.Locality);
        Assert.Equal((WorkloadStatus.Healthy, TunnelProtocol.Hbone, true), (workload.Status, workload.Protocol, workload.NativeTunnel));
    }

    [Fact]
    public void An_address_that_is_a_name_becomes_the_host_name()
    {
        var workload = Find(new IndexedMesh(WorkloadEntry("vm", "vm.example.com")), EntryUid);

        Assert.True(workload.Addresses.IsEmpty);
        Assert.Equal("vm.example.com", workload.Hostname);
    }

    [Theory]
    [InlineData("not an address", "spec.address")]
    [InlineData("unix:///var/run/x", "spec.address")]
    [InlineData("", "spec.address")]
    public void An_address_of_no_use_keeps_it_out_and_says_so(string address, string field)
    {
        var mesh = new IndexedMesh(WorkloadEntry("vm", address));

        Assert.Null(mesh.Snapshot.FindWorkload(EntryUid));
        Assert.Equal(field, Assert.Single(mesh.Index.Diagnostics).Field);
    }

    [Fact]
    public void Its_group_gives_it_a_name_before_its_label()
    {
        var labels = "service.istio.io/workload-name=label";

        Assert.Equal("group", Find(new IndexedMesh(WorkloadEntry("vm", "10.6.0.1", labels, annotations: "istio.io/autoRegistrationGroup=group")), EntryUid).WorkloadName);
        Assert.Equal("label", Find(new IndexedMesh(WorkloadEntry("vm", "10.6.0.1", labels)), EntryUid).WorkloadName);
    }

    [Theory]
    [InlineData("http:80:8080", "", 8080)]
    [InlineData("http:80:8080", "http=9000", 9000)]
    [InlineData("http:80", "other=9000", 80)]
    public void For_a_service_entry_its_port_of_that_name_comes_first(string port, string ports, int target)
    {
        var mesh = new IndexedMesh(
            WorkloadEntry("vm", "10.6.0.1", "app=vm", ports: PortsOf(ports)),
            ServiceEntry("entry", "x.example.com", ports: port.Split(':').Length == 2 ? $"{port}:80" : port, selector: "app=vm"));

        Assert.True(Assert.Single(Find(mesh, EntryUid).Services).Ports.TryGetTarget(80, out var found));
        Assert.Equal(target, found);
    }

    [Theory]
    [InlineData("MESH_INTERNAL")]
    [InlineData("MESH_EXTERNAL")]
    public void Pods_outside_of_the_mesh_are_reached_by_the_entrys_addresses_of_both_families_wherever_it_says_they_are(string location)
    {
        var entry = ServiceEntry("entry", "x.example.com", addresses: "10.7.0.1 fd07::1", ports: "http:80:8080", selector: "app=legacy");
        var mesh = new IndexedMesh(Pod("legacy", "10.0.0.1 fd00::1", "app=legacy", annotations: ""), entry with { Spec = entry.Spec! with { Location = location } });

        Assert.Equal(["/10.7.0.1", "/fd07::1"], mesh.Service("x.example.com").Vips.Select(static vip => vip.ToString()));
        var pod = mesh.Pod("legacy");
        Assert.Equal((TunnelProtocol.None, "x.example.com"), (pod.Protocol, Assert.Single(pod.Services).Service.Hostname));
        Assert.True(pod.Services[0].Ports.TryGetTarget(80, out var target));
        Assert.Equal(8080, target);
    }

    [Theory]
    [InlineData("http:80:web", "web=9000", 9000)]
    [InlineData("http:80:web", "http=9000", null)] // the named target is not there
    [InlineData("http:80:8080", "http=9000", 9000)]
    [InlineData("http:80:8080", "", 8080)]
    public void For_a_service_the_named_target_or_the_port_name_decides(string port, string ports, int? target)
    {
        var mesh = new IndexedMesh(WorkloadEntry("vm", "10.6.0.1", "app=vm", ports: PortsOf(ports)), Service("web", "app=vm", port));

        Assert.Equal(target is not null, Assert.Single(Find(mesh, EntryUid).Services).Ports.TryGetTarget(80, out var found));
        Assert.Equal(target ?? 0, found);
    }

    [Fact]
    public void Services_can_be_kept_from_selecting_entries_and_entries_from_selecting_pods()
    {
        var mesh = new IndexedMesh(new IndexOptions { ServicesSelectWorkloadEntries = false, ServiceEntriesSelectPods = false });

        mesh.Set(WorkloadEntry("vm", "10.6.0.1", "app=vm"), Service("web", "app=vm"), Pod("pod", labels: "app=vm"),
            ServiceEntry("entry", "x.example.com", selector: "app=vm"));

        Assert.Equal("x.example.com", Assert.Single(Find(mesh, EntryUid).Services).Service.Hostname);
        Assert.Equal(IndexedMesh.Key("web"), Assert.Single(mesh.Pod("pod").Services).Service);
    }

    [Fact]
    public void Endpoints_written_in_a_service_entry_have_their_own_network_and_its_labels()
    {
        var mesh = new IndexedMesh(
            Policy("on-entry", selector: "app=entry"), Policy("on-endpoint", selector: "app=endpoint"),
            ServiceEntry("entry", "x.example.com y.example.com", labels: "app=entry", endpoints:
            [
                new() { Address = "10.5.0.1", Network = "west", ServiceAccount = "sa", Weight = 3, Labels = Labels("app=endpoint") },
                new() { Address = "10.5.0.2" },
                new() { Address = "ep.example.com", Ports = PortsOf("p=1") },
            ]));

        var (first, second, third) = (Inline(mesh, "10.5.0.1"), Inline(mesh, "10.5.0.2"), Inline(mesh, "ep.example.com"));
        Assert.Equal(("west", "sa", 3u, "entry"), (first.Network, first.ServiceAccount, first.Capacity, first.WorkloadName));
        Assert.Equal("", second.Network); // the network of one endpoint is not the next one's
        Assert.Equal("ep.example.com", third.Hostname);
        Assert.Equal(["x.example.com", "y.example.com"], first.Services.Select(static member => member.Service.Hostname));
        Assert.Equal(["default/on-entry"], first.AuthorizationPolicies);
    }

    [Theory]
    [InlineData("DNS", true)]
    [InlineData("DNS_ROUND_ROBIN", true)]
    [InlineData("DYNAMIC_DNS", true)]
    [InlineData("STATIC", false)]
    [InlineData("NONE", false)]
    public void Hosts_that_DNS_resolves_are_their_own_endpoints(string resolution, bool implied)
    {
        var mesh = new IndexedMesh(ServiceEntry("entry", "x.example.com y.example.com", resolution));

        var workload = mesh.Snapshot.FindWorkload("Kubernetes/networking.istio.io/ServiceEntry/default/entry/x.example.com");
        Assert.Equal(implied, workload is not null);
        if (implied) Assert.Equal("x.example.com", Assert.Single(workload!.Services).Service.Hostname);
    }

    [Fact]
    public void A_selector_leaves_no_endpoint_implied()
    {
        var mesh = new IndexedMesh(ServiceEntry("entry", "x.example.com", "DNS", selector: "app=vm"));

        Assert.Empty(mesh.Snapshot.Workloads);
    }

    [Fact]
    public void An_entry_that_lost_its_host_has_no_endpoints()
    {
        var mesh = new IndexedMesh(
            ServiceEntry("old", "x.example.com", age: 5, endpoints: new WorkloadEntrySpec { Address = "10.5.0.1" }),
            ServiceEntry("young", "x.example.com", endpoints: new WorkloadEntrySpec { Address = "10.5.0.2" }));

        Assert.Equal("10.5.0.1", Assert.Single(mesh.Snapshot.Workloads).Addresses[0].ToString());
    }

    [Fact]
    public void Endpoints_of_a_slice_that_are_no_pods_are_addresses_without_identity()
    {
        var slice = Slice("api-1", "api", "192.168.0.1 192.168.0.2 pod:x:y", "https:6443");
        var endpoints = slice.Endpoints!.ToArray();
        endpoints[1] = endpoints[1] with { Conditions = new() { Ready = false } };
        var mesh = new IndexedMesh(Service("api", ports: "https:443:6443"), Policy("all", selector: "app=x"), Peer("strict", "STRICT"), slice with { Endpoints = endpoints });

        var workload = Find(mesh, "Kubernetes/discovery.k8s.io/EndpointSlice/default/api-1/192.168.0.1");

        Assert.Equal((NetworkMode.HostNetwork, WorkloadStatus.Healthy, TunnelProtocol.None), (workload.NetworkMode, workload.Status, workload.Protocol));
        Assert.Equal("", workload.ServiceAccount);
        Assert.True(workload.AuthorizationPolicies.IsEmpty);
        Assert.True(Assert.Single(workload.Services).Ports.TryGetTarget(443, out var target));
        Assert.Equal(6443, target);
        Assert.Equal(WorkloadStatus.Unhealthy, Find(mesh, "Kubernetes/discovery.k8s.io/EndpointSlice/default/api-1/192.168.0.2").Status);
        Assert.Equal(2, mesh.Snapshot.WorkloadCount);
    }

    [Fact]
    public void A_slice_without_its_service_or_of_names_is_not_published()
    {
        var mesh = new IndexedMesh(Service("api"), Slice("orphan", "nobody", "192.168.0.1"), Slice("names", "api", "x.example.com", addressType: "FQDN"));

        Assert.Empty(mesh.Snapshot.Workloads);
        Assert.Empty(mesh.Index.Diagnostics);
    }

    [Fact]
    public void A_port_that_the_slice_does_not_have_is_left_out()
    {
        var mesh = new IndexedMesh(Service("api", ports: "a:80:8080 b:81:8081"), Slice("s", "api", "192.168.0.1", "a:9000"));

        Assert.Equal([new PortMapping(80, 9000)], Assert.Single(Assert.Single(mesh.Snapshot.Workloads).Services).Ports.Entries);
    }

    private static Workload Find(IndexedMesh mesh, string uid) => mesh.Snapshot.FindWorkload(uid) ?? throw new Xunit.Sdk.XunitException($"No workload {uid}.");

    private static Workload Inline(IndexedMesh mesh, string address) => Find(mesh, $"Kubernetes/networking.istio.io/ServiceEntry/default/entry/{address}");

    private static Dictionary<string, long>? PortsOf(string text) => Labels(text)?.ToDictionary(static port => port.Key, static port => long.Parse(port.Value));
}
