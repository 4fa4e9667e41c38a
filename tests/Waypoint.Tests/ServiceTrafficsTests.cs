using System.Net;
using System.Runtime.CompilerServices;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Inbound;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>What is put together for what clients dial is not kept longer than it is needed.</summary>
public sealed class ServiceTrafficsTests
{
    // A client may dial every port of a pod.
    [Fact]
    public async Task What_is_for_a_port_of_a_pod_goes_with_the_connections_to_it()
    {
        await using var scene = await StartAsync();
        var address = NewPodAddress();
        scene.Know("pod", address, 80, "echo");
        var pod = scene.Parts.Rules.Mesh.Current.FindWorkload($"Kubernetes//Pod/{Namespace}/pod")!;

        var (traffic, servers) = Use(scene, pod, address);
        scene.Parts.Rules.Services.Forget();
        GC.Collect();

        Assert.Equal((false, false), (traffic.IsAlive, servers.IsAlive));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Traffic, WeakReference Servers) Use(Scenes.WaypointScene scene, Workload pod, IPAddress address)
    {
        var target = new DialledTarget(null, pod, address, 8080);
        var traffic = scene.Parts.Rules.Services.For(target);
        Assert.Same(traffic, scene.Parts.Rules.Services.For(target));
        return (new(traffic), new(scene.Parts.Rules.Services.ServersOf(target, null, "", scene.Parts.Workers[0].Random)));
    }
}
