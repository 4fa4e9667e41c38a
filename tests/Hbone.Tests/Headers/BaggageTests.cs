using Ambient.Hbone.Headers;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Hbone.Tests.Headers;

public class BaggageTests
{
    private static readonly Baggage Full = new()
    {
        Cluster = "c1", Namespace = "shop", WorkloadType = "pod", WorkloadName = "cart-0", ServiceName = "cart",
        ServiceVersion = "v2", Region = "eu", Zone = "eu-a",
    };

    [Fact]
    public void Members_are_written_in_the_fixed_order() =>
        Assert.Equal(
            "k8s.cluster.name=c1,k8s.namespace.name=shop,k8s.pod.name=cart-0,service.name=cart,service.version=v2," +
            "cloud.region=eu,cloud.availability_zone=eu-a",
            Full.Format());

    [Fact]
    public void What_is_written_reads_back() => Assert.Equal(Full, Baggage.Parse([Full.Format()]));

    [Fact]
    public void Empty_members_are_left_out_and_empty_values_mean_absent()
    {
        Assert.Equal("", Baggage.Empty.Format());
        Assert.Equal(Baggage.Empty, Baggage.Parse([]));
        Assert.Equal(Baggage.Empty, Baggage.Parse(["k8s.cluster.name=,service.name,=x,,k8s.namespace.name="]));
    }

    [Fact]
    public void Repeated_headers_add_up()
    {
        var baggage = Baggage.Parse(["k8s.cluster.name=c1", "k8s.namespace.name=shop,unknown=1"]);

        Assert.Equal(new Baggage { Cluster = "c1", Namespace = "shop" }, baggage);
    }

    [Fact]
    public void A_value_that_would_break_the_list_is_not_told() =>
        Assert.Equal("k8s.namespace.name=shop", new Baggage { Cluster = "a,b=c", Namespace = "shop" }.Format());

    [Fact]
    public void Any_text_is_read_without_an_error() =>
        Prop.ForAll<string?[]>(texts => Baggage.Parse(texts.Select(static text => text ?? "")) is not null).QuickCheckThrowOnFailure();
}
