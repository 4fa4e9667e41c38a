using Ambient.Model.State;
using Ambient.Model.Workloads;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests.Workloads;

public sealed class PodNameTests
{
    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("web")]
    [InlineData("web-7c9f8d6b5-x2x4q")]
    [InlineData("web-0")]
    [InlineData("web-123456789")]
    [InlineData("web-\0")]
    [InlineData("web-\u00e9")]
    [InlineData("a--b")]
    public void A_name_reads_back(string name) => Assert.True(ReadsBack(name));

    [Fact]
    public void Any_name_reads_back() => Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(),
        static name => ReadsBack(name.Get) && ReadsBack($"web-{name.Get}")).QuickCheckThrowOnFailure();

    [Fact]
    public void Pods_of_one_template_hold_what_their_names_share_once()
    {
        var state = new MeshState();
        state.Apply(new() { Workloads = [Pod("a"), Pod("b")] });

        var (a, b) = (state.Current.FindWorkload("c//Pod/shop/web-7c9f8d6b5-a")!, state.Current.FindWorkload("c//Pod/shop/web-7c9f8d6b5-b")!);
        Assert.Equal(("web-7c9f8d6b5-a", "web-7c9f8d6b5-b"), (a.Name, b.Name));
        Assert.NotEqual(a, b);
        Assert.Same(a.NamePrefix, b.NamePrefix);
    }

    private static Workload Pod(string suffix) =>
        new() { Uid = $"c//Pod/shop/web-7c9f8d6b5-{suffix}", ClusterId = "c", Namespace = "shop", Name = $"web-7c9f8d6b5-{suffix}" };

    private static bool ReadsBack(string name) =>
        new PodName(name).ToString() == name && new PodName(name).Equals(new PodName(new string(name)))
        && (new Workload { Uid = "u", Name = "other" } with { Name = name }).Name == name;
}
