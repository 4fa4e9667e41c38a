using Ambient.Playground.Cluster;

namespace Ambient.Playground.Tests.Kubelet;

/// <summary>A cluster of two nodes whose kubelets run what the API says. One for a class of tests.</summary>
public sealed class KubeletFixture : IAsyncLifetime
{
    private int _last;

    public PodCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await PodCluster.StartAsync(["k1", "k2"]);

    public async ValueTask DisposeAsync()
    {
        if (Cluster is not null) await Cluster.DisposeAsync();
    }

    /// <summary>A new namespace, so that tests do not meet.</summary>
    public string NewNamespace()
    {
        var name = $"test-{Interlocked.Increment(ref _last)}";
        Cluster.EnsureNamespace(name);
        return name;
    }
}
