
namespace Ambient.MeshProxy.Tests;

public sealed class MemoryTrimTests
{
    [Theory]
    [InlineData("after the start, once", "0 0 0 0 0 0 0 0 0 0", "T.........")]
    [InlineData("a few connections more or less are nothing", "0 50 90 20 99 99 0 0 0 0", "T.........")]
    [InlineData("doubled, come to rest, and the aftermath", "0 1500 3000 3000 3000 3000 3000 3000 3000 3000 3000", "T..T.....T.")]
    [InlineData("still growing", "0 1500 3000 6000 12000 24000", "T.....")]
    [InlineData("most have ended", "0 400 400 400 30 30 30 30 30 30 30 30", "T....T.....T")]
    [InlineData("half of them: not yet", "0 400 400 210 210 210 210", "T......")]
    public void It_trims_when_there_is_something_to_give_back(string why, string connections, string expected)
    {
        long open = 0;
        var trim = new MemoryTrim(() => open);

        var trims = string.Concat(connections.Split(' ').Select(count =>
        {
            open = long.Parse(count);
            return trim.Check() ? 'T' : '.';
        }));

        Assert.True(expected == trims, $"{why}: {trims}");
    }
}
