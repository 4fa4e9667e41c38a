using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.TestKit;

namespace Ambient.Model.Tests.State;

public sealed class MeshStateScaleTests
{
    [Fact]
    public void A_changed_pod_among_a_hundred_thousand_copies_only_what_leads_to_it()
    {
        var state = new MeshState();
        state.Apply(new() { Workloads = [.. Enumerable.Range(0, 100_000).Select(Pod)] });
        var changed = new ResourceDelta { Workloads = [Pod(7) with { Status = WorkloadStatus.Unhealthy }] };
        state.Apply(new() { Workloads = [Pod(8) with { Status = WorkloadStatus.Unhealthy }] });

        var before = GC.GetAllocatedBytesForCurrentThread();
        state.Apply(changed);
        var copied = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(copied, 1, 64 * 1024);
    }

    [Fact]
    public void Finding_a_pod_or_a_service_allocates_nothing()
    {
        var state = new MeshState();
        var vip = new NetworkAddress("", IPAddress.Parse("10.255.0.1"));
        state.Apply(new()
        {
            Workloads = [.. Enumerable.Range(0, 1000).Select(Pod)],
            Services = [new() { Namespace = "a", Hostname = "web", Vips = [vip] }],
        });
        var (mesh, address) = (state.Current, new NetworkAddress("", Address(7)));

        Assert.Equal(0, Allocations.Of(() =>
        {
            mesh.FindWorkload(address);
            mesh.FindService(vip, "a");
            mesh.FindService("web", null);
        }));
        Assert.Equal(Pod(7), mesh.FindWorkload(address));
        Assert.Equal("web", mesh.FindService(vip, "a")?.Service.Hostname);
    }

    private static IPAddress Address(int i) => new([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]);

    private static Workload Pod(int i) => new()
    {
        Uid = $"c1//Pod/ns-{i % 100}/pod-{i}",
        Name = $"pod-{i}",
        Namespace = $"ns-{i % 100}",
        Addresses = [Address(i)],
        Protocol = TunnelProtocol.Hbone,
        Services = [new(new("all", "everyone"), default), new(new($"ns-{i % 100}", $"service-{i / 10}"), default)],
    };
}
