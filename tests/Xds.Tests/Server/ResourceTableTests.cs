using Ambient.Xds.Server;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Xds.Tests.Server;

public sealed class ResourceTableTests
{
    [Fact]
    public void A_follower_that_reads_at_any_moments_ends_with_what_there_is() => Prop.ForAll<(byte Name, byte Content, bool Read)[]>(history =>
    {
        var table = new ResourceTable();
        var truth = new Dictionary<string, ulong>();
        var follower = new Dictionary<string, ulong>();
        long position = 0;
        foreach (var (name, content, read) in history)
        {
            Change(table, truth, $"r{name % 10}", content % 4);
            if (read) Follow();
        }
        Follow();
        return follower.Count == truth.Count && truth.All(entry => follower[entry.Key] == entry.Value);

        void Follow()
        {
            var changes = table.ChangesAfter(position)!;
            foreach (var change in changes.Changes)
            {
                if (change.Resource is { } resource) follower[change.Name] = resource.Version;
                else follower.Remove(change.Name);
            }
            position = changes.Sequence;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Equal_states_have_equal_names_however_they_came_about() => Prop.ForAll<(byte Name, byte Content)[]>(history =>
    {
        var (one, other) = (new ResourceTable(), new ResourceTable());
        var truth = new Dictionary<string, ulong>();
        var contents = new Dictionary<string, PublishedResource>();
        foreach (var (name, content) in history)
        {
            Change(one, truth, $"r{name % 10}", content % 4);
            if (content % 4 == 0) contents.Remove($"r{name % 10}");
            else contents[$"r{name % 10}"] = Resource($"r{name % 10}", content % 4);
        }
        other.Apply([.. contents.Values.Reverse()], []);
        return one.Snapshot().Token == other.Snapshot().Token && one.Count == contents.Count;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Keys_find_what_stands_under_them_now() => Prop.ForAll<(byte Name, byte Key)[]>(history =>
    {
        var table = new ResourceTable();
        var keys = new Dictionary<string, string>();
        foreach (var (name, key) in history)
        {
            var (who, where) = ($"r{name % 8}", $"k{key % 3}");
            if (key % 4 == 3)
            {
                table.Apply([], [who]);
                keys.Remove(who);
            }
            else
            {
                table.Apply([new PublishedResource(who, [key]) { Memberships = [where] }], []);
                // Equal content is no change; content here is the key, so keys follow it.
                keys[who] = where;
            }
        }
        return Enumerable.Range(0, 3).All(i =>
            table.Lookup($"k{i}").Select(static found => found.Name).Order().SequenceEqual(keys.Where(entry => entry.Value == $"k{i}").Select(static entry => entry.Key).Order()));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Equal_content_is_no_change()
    {
        var table = new ResourceTable();
        Assert.True(table.Apply([Resource("a", 1)], []));
        Assert.False(table.Apply([Resource("a", 1)], ["b"]));
        Assert.Equal(1, table.Sequence);
    }

    [Fact]
    public void Removals_are_forgotten_after_so_many_and_whoever_missed_them_is_told()
    {
        var table = new ResourceTable(maxRemovals: 3);
        var token = Add(table, "a", "b", "c", "d", "e");

        table.Apply([], ["a", "b", "c"]);
        Assert.Equal(3, table.ChangesAfter(5)!.Changes.Count);
        Assert.NotNull(table.FindState(token));
        table.Apply([], ["d"]);

        Assert.Null(table.ChangesAfter(5));
        Assert.Null(table.FindState(token));
        Assert.Equal(3, table.ChangesAfter(6)!.Changes.Count);
    }

    [Fact]
    public void Parts_of_any_size_are_together_what_changed() => Prop.ForAll<PositiveInt[], PositiveInt>((sizes, part) =>
    {
        var table = new ResourceTable();
        for (var i = 0; i < sizes.Length; i++)
        {
            table.Apply([new PublishedResource($"{sizes[i].Get % 20}", new byte[sizes[i].Get % 50])], []);
            if (i % 5 == 4) table.Apply([], [$"{sizes[i].Get % 20}"]);
        }
        var (parts, position, isCut) = (new List<TableChange>(), 0L, true);
        while (isCut)
        {
            var changes = table.ChangesAfter(position, maxBytes: part.Get)!;
            if (changes.Changes.SkipLast(1).Sum(static change => change.Name.Length + (change.Resource?.Payload.Length ?? 0)) > part.Get) return false;
            parts.AddRange(changes.Changes);
            (position, isCut) = (parts.Count > 0 ? parts[^1].Sequence : 0, changes.IsCut);
        }
        return parts.SequenceEqual(table.ChangesAfter(0)!.Changes);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Only_what_matters_is_listed_and_nothing_else_makes_more_of_it()
    {
        var table = new ResourceTable();
        Add(table, "a", "other", "b", "other too");

        var changes = table.ChangesAfter(0, includes: static resource => resource.Name.Length == 1, maxBytes: 5)!;

        Assert.Equal(["a", "b"], changes.Changes.Select(static change => change.Name));
        Assert.False(changes.IsCut);
    }

    [Fact]
    public void A_part_takes_memory_for_what_is_in_it_not_for_all_that_changed()
    {
        var table = new ResourceTable();
        table.Apply([.. Enumerable.Range(0, 100_000).Select(static i => Resource($"{i}", 1))], []);
        table.ChangesAfter(0, maxBytes: 1000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(table.ChangesAfter(0, maxBytes: 1000)!.IsCut);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50_000);
    }

    [Fact]
    public void What_was_removed_and_came_back_has_changed_once()
    {
        var table = new ResourceTable();
        Add(table, "a", "b");
        table.Apply([], ["a"]);
        Add(table, "a");

        var change = Assert.Single(table.ChangesAfter(2)!.Changes);

        Assert.NotNull(change.Resource);
        Assert.Equal(2, table.Count);
    }

    [Fact]
    public void What_comes_back_after_its_removal_is_not_forgotten_with_it()
    {
        var table = new ResourceTable(maxRemovals: 1);
        Add(table, "a", "b");
        table.Apply([], ["a"]);
        Add(table, "a");
        table.Apply([], ["b"]);

        Assert.Equal(["a"], table.Snapshot().Resources.Select(static resource => resource.Name));
        Assert.Contains(table.ChangesAfter(table.Sequence - 2)!.Changes, static change => change is { Name: "a", Resource: not null });
    }

    private static string Add(ResourceTable table, params string[] names)
    {
        table.Apply([.. names.Select(static name => Resource(name, 1))], []);
        return table.Snapshot().Token!;
    }

    private static void Change(ResourceTable table, Dictionary<string, ulong> truth, string name, int content)
    {
        if (content == 0)
        {
            table.Apply([], [name]);
            truth.Remove(name);
            return;
        }
        var resource = Resource(name, content);
        table.Apply([resource], []);
        truth[name] = resource.Version;
    }

    private static PublishedResource Resource(string name, int content) => new(name, BitConverter.GetBytes(content));
}
