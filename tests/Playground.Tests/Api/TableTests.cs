using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Tables;

namespace Ambient.Playground.Tests.Api;

public sealed class TableTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(605, "10m")]
    [InlineData(125, "2m5s")]
    [InlineData(3 * 3600, "3h")]
    [InlineData(3 * 3600 + 300, "3h5m")]
    [InlineData(9 * 3600, "9h")]
    [InlineData(50 * 3600, "2d2h")]
    [InlineData(30 * 86_400, "30d")]
    [InlineData(800 * 86_400, "2y70d")]
    public void Ages_have_two_units_at_most(long seconds, string expected) => Assert.Equal(expected, Durations.Short(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(".spec.hosts", "[\"a\",\"b\"]")]
    [InlineData(".spec.hosts[*]", "a|b")]
    [InlineData(".spec.hosts[1]", "b")]
    [InlineData(".status.conditions[?(@.type==\"Ready\")].status", "True")]
    [InlineData(".metadata.labels.istio\\.io/x", "y")]
    [InlineData(".metadata.labels['istio.io/x']", "y")]
    [InlineData(".spec.nothing.here", "")]
    [InlineData(".spec.hosts[9]", "")]
    [InlineData("[[[", "")]
    public void Column_paths_find_what_they_name(string path, string expected)
    {
        var document = Json.ParseObject("""{"metadata":{"labels":{"istio.io/x":"y"}},"spec":{"hosts":["a","b"]},"status":{"conditions":[{"type":"Other","status":"False"},{"type":"Ready","status":"True"}]}}"""u8);

        Assert.Equal(expected, string.Join('|', JsonPath.Parse(path).Find(document).Select(node => node.Scalar() ?? node!.ToText())));
    }
}
