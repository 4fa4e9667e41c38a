using Ambient.ControlPlane.Leadership;
using Ambient.ControlPlane.Tests.Cluster;
using Ambient.Kubernetes.Resources;
using Ambient.TestKit;

namespace Ambient.ControlPlane.Tests.Leadership;

/// <summary>What a duty looks at, and when.</summary>
public sealed class ChangedObjectsTests
{
    private readonly ManualTime _time = new(new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly Lock _gate = new();
    private readonly List<string> _looked = [];
    private volatile bool _works = true;

    [Fact(Timeout = 30_000)]
    public async Task All_are_looked_at_first_and_then_those_that_change_and_nothing_after_the_end()
    {
        using var stop = new CancellationTokenSource();
        var changed = new ChangedObjects(_time);
        changed.Note(new("", "early")); // nobody leads: whoever begins to looks at everything
        var running = changed.RunAsync(static () => [new("", "a"), new("", "b")], LookAsync, stop.Token);
        await UntilAsync("a", "b");

        changed.Note(new("", "b"));
        await UntilAsync("a", "b", "b");
        await stop.CancelAsync();
        await running;
        changed.Note(new("", "a"));

        Assert.Equal(["a", "b", "b"], Looked());
    }

    [Fact(Timeout = 30_000)]
    public async Task What_failed_is_tried_again_later_and_holds_up_nothing_else()
    {
        using var stop = new CancellationTokenSource();
        var changed = new ChangedObjects(_time);
        _works = false;
        var running = changed.RunAsync(static () => [new("", "bad")], LookAsync, stop.Token);
        await UntilAsync("bad");

        changed.Note(new("", "good"));
        await UntilAsync("bad", "good");
        _works = true;
        await _time.WhenPendingAsync(1); // the retry
        _time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync("bad", "good", "bad");
        changed.Note(new("", "good"));
        await UntilAsync("bad", "good", "bad", "good");

        await stop.CancelAsync();
        await running;
    }

    private Task<bool> LookAsync(ObjectName name, CancellationToken stop)
    {
        lock (_gate) _looked.Add(name.Name);
        return Task.FromResult(_works || name.Name != "bad");
    }

    private Task UntilAsync(params string[] names) => Until.TrueAsync(() => Looked().SequenceEqual(names), $"{string.Join(", ", names)}");

    private List<string> Looked()
    {
        lock (_gate) return [.. _looked];
    }
}
