using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Model.Tests;

public sealed class HashTrieTests
{
    [Fact]
    public void It_holds_what_a_dictionary_holds_and_old_copies_stay() =>
        Prop.ForAll<(bool Add, byte Key, int Value)[]>(steps => AgreesWithDictionary(steps, HashTrie<int, int>.Empty)).QuickCheckThrowOnFailure();

    [Fact]
    public void Keys_with_equal_hashes_are_told_apart() =>
        Prop.ForAll<(bool Add, byte Key, int Value)[]>(steps => AgreesWithDictionary(steps, HashTrie<int, int>.EmptyWith(new Clashing())))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_change_among_many_copies_little()
    {
        var builder = HashTrie<int, string>.Empty.ToBuilder();
        for (var i = 0; i < 100_000; i++) builder.Set(i * 7919, "value");
        var map = builder.ToTrie();

        var before = GC.GetAllocatedBytesForCurrentThread();
        var change = map.ToBuilder();
        change.Set(7919, "changed");
        var after = change.ToTrie();
        var copied = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(copied, 1, 8 * 1024);
        Assert.Equal(("value", "changed"), (map.Find(7919), after.Find(7919)));
    }

    private static bool AgreesWithDictionary((bool Add, byte Key, int Value)[] steps, HashTrie<int, int> map)
    {
        var expected = new Dictionary<int, int>();
        foreach (var group in steps.Chunk(3))
        {
            var (old, oldContent) = (map, map.Entries.ToDictionary());
            var builder = map.ToBuilder();
            foreach (var (add, key, value) in group)
            {
                if (add) builder.Set(key, expected[key] = value);
                else Assert.Equal(expected.Remove(key), builder.Remove(key));
                Assert.Equal(expected.ContainsKey(key), builder.ContainsKey(key));
            }
            map = builder.ToTrie();

            Assert.Equal(expected.Count, map.Count);
            Assert.Equal(expected.OrderBy(entry => entry.Key), map.Entries.OrderBy(entry => entry.Key));
            Assert.All(expected, entry => Assert.Equal(entry.Value, map.Find(entry.Key)));
            Assert.Equal(oldContent, old.Entries.ToDictionary());
        }
        return true;
    }

    private sealed class Clashing : IEqualityComparer<int>
    {
        public bool Equals(int x, int y) => x == y;

        public int GetHashCode(int key) => key % 3 == 0 ? 1 << 30 : key & 1; // some differ in the last level only
    }
}
