using Ambient.MeshProxy.Discovery;
using Ambient.MeshProxy.Tests.Options;

namespace Ambient.MeshProxy.Tests;

/// <summary>What the control plane is told of this proxy: node and headers.</summary>
public sealed class IntroductionTests : IDisposable
{
    private readonly OptionsScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void The_node_is_named_as_other_implementations_name_theirs()
    {
        var node = NodeDescription.Of("ztunnel", _scene.Set("POD_NAME", "ztunnel-x").Set("POD_NAMESPACE", "istio-system").Set("INSTANCE_IP", "10.0.0.5")
            .Set("NODE_NAME", "n1").Set("CLUSTER_DOMAIN", "other.domain").Read().Node);

        Assert.Equal("ztunnel~10.0.0.5~ztunnel-x.istio-system~istio-system.svc.cluster.local", node.Id);
        Assert.Equal(("", ""), (node.Cluster, node.BuildVersion));
        Assert.Equal(("ztunnel-x", "istio-system", "10.0.0.5", "n1"), (Text("NAME"), Text("NAMESPACE"), Text("INSTANCE_IPS"), Text("NODE_NAME")));

        string Text(string key) => node.Metadata.Fields[key].StringValue;
    }

    [Fact]
    public void Without_a_pod_the_fields_are_there_and_empty()
    {
        var node = NodeDescription.Of("ztunnel", _scene.Read().Node);

        Assert.Equal("ztunnel~1.1.1.1~.~.svc.cluster.local", node.Id);
        Assert.Equal("", node.Metadata.Fields["NODE_NAME"].StringValue);
    }

    [Fact]
    public void Metadata_of_the_environment_goes_along_as_texts_and_as_json()
    {
        var node = NodeDescription.Of("ztunnel", _scene.Set("ISTIO_META_NETWORK", "n1").Set("ISTIO_METAJSON_LABELS", """{"app":"zt","n":1.5,"list":[true,null,"x"]}""").Read().Node);

        Assert.Equal("n1", node.Metadata.Fields["NETWORK"].StringValue);
        var labels = node.Metadata.Fields["LABELS"].StructValue.Fields;
        Assert.Equal(("zt", 1.5), (labels["app"].StringValue, labels["n"].NumberValue));
        Assert.Equal((true, "x"), (labels["list"].ListValue.Values[0].BoolValue, labels["list"].ListValue.Values[2].StringValue));
    }

    [Fact]
    public void The_token_is_read_anew_for_each_stream_and_goes_with_the_cluster()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "first\n");
        var headers = Headers(_scene.Set("AUTH_TOKEN", file).Set("CLUSTER_ID", "c1").Set("XDS_HEADER_x-one", "1").Read());

        Assert.Equal("Bearer first", headers.Read().Find("authorization"));
        File.WriteAllText(file, "second");
        Assert.Equal("Bearer second", headers.Read().Find("authorization"));
        Assert.Equal(("c1", "1"), (headers.Read().Find("clusterid"), headers.Read().Find("x-one")));

        File.WriteAllText(file, " \n");
        Assert.Contains(file, Assert.Throws<IOException>(() => headers.Read()).Message);
        File.Delete(file);
        Assert.ThrowsAny<IOException>(() => headers.Read());
    }

    [Fact]
    public void Without_a_token_nobody_is_named() => Assert.Equal(0, Headers(_scene.Read()).Read().Count);

    private static DiscoveryHeaders Headers(ControlPlaneOptions options) => new(options);
}
