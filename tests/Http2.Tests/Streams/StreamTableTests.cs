using Ambient.Http2.Streams;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ambient.Http2.Tests.Streams;

public class StreamTableTests
{
    [Fact]
    public void It_agrees_with_a_dictionary() => Prop.ForAll<(byte, bool)[]>(steps =>
    {
        var table = new StreamTable();
        var model = new Dictionary<uint, Http2Stream>();
        foreach (var (number, add) in steps)
        {
            var id = number * 2u + 1 + (number % 3u) * 1024; // collisions on purpose
            if (add && !model.ContainsKey(id)) table.Add(model[id] = new Http2Stream(id, 0, 0));
            else if (!add && model.Remove(id, out var stream)) table.Remove(stream);
            if (table.Count != model.Count) return false;
        }
        for (var id = 1u; id < 4000; id += 2)
            if (table.Find(id) != model.GetValueOrDefault(id))
                return false;
        return table.ToArray().Select(stream => stream.Id).SequenceEqual(model.Keys.Order());
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_stream_is_at_most_80_bytes()
    {
        var streams = new Http2Stream[1000];
        streams[0] = new Http2Stream(1, 0, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < streams.Length; i++) streams[i] = new Http2Stream(1, 0, 0);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / streams.Length;
        GC.KeepAlive(streams);

        Assert.InRange(each, 16, 80);
    }

    [Fact]
    public void Resets_are_remembered_until_a_later_ping_is_answered()
    {
        var resets = new RecentResets();
        for (var id = 1u; id < 2 * RecentResets.ProbeFrom; id += 2) resets.Add(id);
        Assert.True(resets.ShouldProbe);

        resets.ProbeSent();
        resets.Add(999);
        Assert.False(resets.ShouldProbe);
        Assert.True(resets.Contains(1));
        resets.Remove(1);
        resets.ProbeAnswered();

        Assert.False(resets.Contains(3));
        Assert.True(resets.Contains(999));
    }
}
