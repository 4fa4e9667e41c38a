using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Model.Tests.State;

public sealed class MeshStateScaleTests
{
    [Fact]
    public void A_changed_pod_among_a_hundred_thousand_copies_only_what_leads_to_it()
    {
        var state = new MeshState();
        state.Apply(new() { Workloads = [.. Enumerable.Range(0, 100_000).Select(i => Pod(i))] });
        var changed = new ResourceDelta { Workloads = [Pod(7) with { Status = WorkloadStatus.Unhealthy }] };
        state.Apply(new() { Workloads = [Pod(8) with { Status = WorkloadStatus.Unhealthy }] });

        var before = GC.GetAllocatedBytesForCurrentThread();
        state.Apply(changed);
        var copied = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(copied, 1, 64 * 1024);
    }

    [Fact]
    public void Finding_a_pod_allocates_nothing()
    {
        var state = new MeshState();
        state.Apply(new() { Workloads = [.. Enumerable.Range(0, 1000).Select(i => Pod(i))] });
        var (mesh, address) = (state.Current, new NetworkAddress("", Address(7)));
        for (var i = 0; i < 100; i++) mesh.FindWorkload(address);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = mesh.FindWorkload(address);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        Assert.Equal(Pod(7), found);
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
