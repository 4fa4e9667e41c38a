using Ambient.Model.State;
using Ambient.Model.Workloads;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests.Workloads;

public sealed class NameSuffixTests
{
    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("web")]
    [InlineData("web-7c9f8d6b5-x2x4q")]
    [InlineData("web-0")]
    [InlineData("web-7c9f8d6b5x-x2x4q")]
    [InlineData("web-7c9f8d6b5xy-x2x4q")]
    [InlineData("web-A")]
    [InlineData("web--0")]
    [InlineData("web-123456789")]
    [InlineData("web-\0")]
    [InlineData("web-\u00e9")]
    [InlineData("a--b")]
    public void A_name_reads_back(string name) => Assert.True(ReadsBack(name));

    [Fact]
    public void Any_name_reads_back() => Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(),
        static name => ReadsBack(name.Get) && ReadsBack($"web-{name.Get}") && ReadsBack($"web-{name.Get}-0")).QuickCheckThrowOnFailure();

    [Fact]
    public void Pods_of_one_template_hold_what_they_have_in_common_once_however_many_came_between()
    {
        var state = new MeshState();
        state.Apply(new() { Workloads = [Pod("a")] });
        for (var other = 0; other < 4000; other++) state.Apply(new() { Workloads = [Pod("x", $"other-{other}")] });
        state.Apply(new() { Workloads = [Pod("b")], Services = [new() { Name = "web", Namespace = "shop", Hostname = Host("web") }] });

        var (a, b) = (state.Current.FindWorkload("c//Pod/shop/web-7c9f8d6b5-a")!, state.Current.FindWorkload("c//Pod/shop/web-7c9f8d6b5-b")!);
        var service = state.Current.FindService(Key("web"))!.Service;
        Assert.Equal(("web-7c9f8d6b5-a", "web-7c9f8d6b5-b"), (a.Name, b.Name));
        Assert.NotEqual(a, b);
        Assert.Same(a.Traits, b.Traits);
        Assert.Same(a.Services[0].Service.Hostname, service.Hostname);
        Assert.Same(a.WorkloadName, service.Name);
    }

    private static string Host(string name) => $"{name}.shop.svc.cluster.local";

    private static ServiceKey Key(string name) => new("shop", Host(name));

    private static Workload Pod(string suffix, string name = "web") => new()
    {
        Uid = $"c//Pod/shop/{name}-7c9f8d6b5-{suffix}", ClusterId = "c", Namespace = "shop", Name = $"{name}-7c9f8d6b5-{suffix}", WorkloadName = new(name),
        Services = [new(Key(name), default)],
    };

    private static bool ReadsBack(string name)
    {
        foreach (var start in (string[])["", "web", "we", name])
        {
            var (made, kept) = (Named(name) with { WorkloadName = start }, Kept(Named(name) with { WorkloadName = start }));
            if (!IsNamed(kept, name) || !kept.Equals(made) || !made.Equals(kept) || !IsNamed(kept with { WorkloadName = "x" }, name)) return false;
        }
        return (Named("other") with { Name = name }).Name == name && (Named("web-other") with { Name = name }).Name == name && !Named(name + "x").Equals(Named(name));
    }

    private static bool IsNamed(Workload workload, string name) => workload.Name == name && workload.HasUid($"//Pod/shop/{name}") && workload.Uid == $"//Pod/shop/{name}";

    /// <summary>As it is once it has let go of what follows from the rest.</summary>
    private static Workload Kept(Workload workload)
    {
        var state = new MeshState();
        state.Apply(new() { Workloads = [workload] });
        return state.Current.FindWorkload(workload.Uid)!;
    }

    private static Workload Named(string name) => new() { Uid = $"//Pod/shop/{name}", Namespace = "shop", Name = name };
}
