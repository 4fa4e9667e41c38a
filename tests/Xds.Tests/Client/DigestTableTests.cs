using Ambient.Xds.Client;

namespace Ambient.Xds.Tests.Client;

public sealed class DigestTableTests
{
    private const int Steps = 20_000;

    // With few upper bits all want the same places, also the last ones, from where it goes on at the first.
    [Theory, InlineData(1, 1), InlineData(2, 3), InlineData(3, 8), InlineData(4, 48)]
    public void It_holds_what_a_dictionary_holds_through_any_changes(int seed, int upperBits)
    {
        var (random, table, model) = (new Random(seed), new DigestTable(), new Dictionary<ulong, ulong>());
        for (var step = 0; step < Steps; step++)
        {
            var digest = DigestOf(random.Next(step < Steps / 2 ? 600 : 40), upperBits);
            if (random.Next(3) > 0)
            {
                table.Set(digest, (ulong)step);
                model[digest] = (ulong)step;
            }
            else Assert.Equal(model.Remove(digest), table.Remove(digest));
        }

        Assert.Equal(model.Count, table.Count);
        for (var i = 0; i < 600; i++)
        {
            var known = model.TryGetValue(DigestOf(i, upperBits), out var expected);
            Assert.Equal((known, known ? expected : 0), (table.TryGet(DigestOf(i, upperBits), out var number), number));
        }
    }

    // The number, below upper bits that are any.
    private static ulong DigestOf(int number, int upperBits) =>
        ((ulong)number + 1) * 0x9E3779B97F4A7C15 & ~(ulong.MaxValue >> upperBits) | (ushort)(number + 1);
}
