using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests;

public sealed class HashIndexTests
{
    [Fact]
    public void It_holds_what_a_dictionary_of_lists_holds_and_old_copies_stay() =>
        Prop.ForAll<(byte What, byte Key, byte Item)[]>(steps => AgreesWithLists(steps, static key => key * 1_234_567)).QuickCheckThrowOnFailure();

    [Fact]
    public void Hashes_that_differ_in_the_last_bits_only_are_told_apart() =>
        Prop.ForAll<(byte What, byte Key, byte Item)[]>(steps => AgreesWithLists(steps, static key => key << 30 | (key & 1) << 24)).QuickCheckThrowOnFailure();

    // So many that there are several levels, which come and go.
    [Theory, InlineData(1, 0xfff), InlineData(2, 0x7f), InlineData(3, 0x3f << 26)]
    public void It_grows_and_shrinks_without_losing_any(int seed, int bits)
    {
        var (random, items) = (new Random(seed), Enumerable.Range(0, 4).Select(number => $"{number}").ToArray());
        var (expected, index) = (new Dictionary<int, List<string>>(), HashIndex<string>.Empty);
        for (var round = 0; round < 40; round++)
        {
            var builder = index.ToBuilder();
            var mostly = round % 20 < 10 ? 0 : 1; // adds, then removes
            for (var step = 0; step < 500; step++)
                Step(builder, expected, random.Next(3) > 0 ? mostly : random.Next(3), random.Next() & bits, items[random.Next(4)], items[random.Next(4)]);
            index = builder.ToIndex();

            Assert.Equal(expected.Values.Sum(static list => list.Count), index.Count);
            Assert.All(expected, entry => Assert.Equal(entry.Value, ListOf(index.Find(entry.Key))));
            Assert.Equal(expected.Values.SelectMany(static list => list).Order(), index.Items.Order());
        }
    }

    [Fact]
    public void A_change_among_many_copies_little()
    {
        var builder = HashIndex<string>.Empty.ToBuilder();
        for (var i = 0; i < 100_000; i++) builder.Add(i * 7919, "value");
        var index = builder.ToIndex();

        var before = GC.GetAllocatedBytesForCurrentThread();
        var change = index.ToBuilder();
        change.Replace(7919, "value", "changed");
        var after = change.ToIndex();
        var copied = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(copied, 1, 8 * 1024);
        Assert.Equal(["value"], ListOf(index.Find(7919)));
        Assert.Equal(["changed"], ListOf(after.Find(7919)));
        Assert.Equal(100_000, after.Count);
    }

    private static bool AgreesWithLists((byte What, byte Key, byte Item)[] steps, Func<int, int> hashOf)
    {
        var items = Enumerable.Range(0, 4).Select(number => new string((char)('a' + number), 1)).ToArray();
        var expected = new Dictionary<int, List<string>>();
        var index = HashIndex<string>.Empty;
        foreach (var group in steps.Chunk(3))
        {
            var (old, oldContent) = (index, index.Items.Order().ToList());
            var builder = index.ToBuilder();
            foreach (var (what, key, number) in group) Step(builder, expected, what % 3, hashOf(key % 16), items[number % 4], items[key % 4]);
            index = builder.ToIndex();

            Assert.Equal(expected.Values.Sum(static list => list.Count), index.Count);
            Assert.All(expected, entry => Assert.Equal(entry.Value, ListOf(index.Find(entry.Key))));
            Assert.Equal(expected.Values.SelectMany(static list => list).Order(), index.Items.Order());
            Assert.Equal(oldContent, old.Items.Order());
        }
        return true;
    }

    /// <summary>An object is entered once with a hash, as the tables do it.</summary>
    private static void Step(HashIndex<string>.Builder builder, Dictionary<int, List<string>> expected, int what, int hash, string item, string other)
    {
        if (!expected.TryGetValue(hash, out var list)) expected[hash] = list = [];
        var has = list.Contains(item);
        if (what == 0 && !has)
        {
            builder.Add(hash, item);
            list.Add(item);
        }
        else if (what == 1)
        {
            Assert.Equal(has, builder.Remove(hash, item));
            list.Remove(item);
        }
        else if (what == 2 && has && !list.Contains(other))
        {
            builder.Replace(hash, item, other);
            list[list.IndexOf(item)] = other;
        }
    }

    private static List<string> ListOf(HashIndex<string>.Matches matches)
    {
        var list = new List<string>();
        foreach (var item in matches) list.Add(item);
        return list;
    }
}
