namespace Ambient.MeshProxy.Tests.Options;

public sealed class NodeOptionsTests
{
    [Theory]
    [InlineData("cluster.local")]
    [InlineData("cluster.local.")]
    [InlineData("Cluster.Local")]
    public void The_cluster_s_domain_is_the_same_however_it_is_written(string text)
    {
        using var scene = new OptionsScene();

        Assert.Equal("cluster.local", scene.Set("CLUSTER_DOMAIN", text).Read().Node.ClusterDomain);
    }
}
