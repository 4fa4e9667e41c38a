using Ambient.HttpProxy.Tracing;

namespace Ambient.HttpProxy.Tests.Tracing;

public sealed class UniqueIdsTests
{
    [Fact]
    public void Ids_are_random_uuids_and_never_the_same()
    {
        var ids = new UniqueIds();
        var seen = Enumerable.Range(0, 2000).Select(_ => ids.Next()).ToHashSet();

        Assert.Equal(2000, seen.Count); // over several fillings
        Assert.All(seen, static id => Assert.True(id.Version == 4 && id.Variant is >= 8 and <= 11, $"{id}"));
    }
}
