namespace Ambient.Linux.Tests;

public class EpollTests
{
    [Fact]
    public void An_edge_is_reported_once_with_its_tag()
    {
        using var epoll = new Epoll();
        using var events = new EpollEvents(4);
        using var signal = new EventFd();
        epoll.Add(signal.Descriptor, EpollFlags.Readable | EpollFlags.EdgeTriggered, 0xFEDC_BA98_7654_3210);
        Assert.Equal(0, epoll.Wait(events, 0));

        signal.Signal();

        Assert.Equal(1, epoll.Wait(events, 1000));
        Assert.Equal(0xFEDC_BA98_7654_3210, events.Tag(0));
        Assert.Equal(EpollFlags.Readable, events.Flags(0));
        Assert.Equal(0, epoll.Wait(events, 0));
    }

    [Fact]
    public void Each_signal_is_an_edge_even_if_nobody_read_the_last()
    {
        using var epoll = new Epoll();
        using var events = new EpollEvents(4);
        using var signal = new EventFd();
        epoll.Add(signal.Descriptor, EpollFlags.Readable | EpollFlags.EdgeTriggered, 1);

        for (var i = 0; i < 3; i++)
        {
            signal.Signal();
            Assert.Equal(1, epoll.Wait(events, 1000));
        }
    }

    [Fact]
    public void A_level_is_reported_until_cleared()
    {
        using var epoll = new Epoll();
        using var events = new EpollEvents(4);
        using var signal = new EventFd();
        epoll.Add(signal.Descriptor, EpollFlags.Readable, 1);
        signal.Signal();
        Assert.Equal(1, epoll.Wait(events, 0));
        Assert.Equal(1, epoll.Wait(events, 0));

        signal.Clear();

        Assert.Equal(0, epoll.Wait(events, 0));
    }

    [Fact]
    public void Every_event_of_a_batch_has_its_own_tag()
    {
        using var epoll = new Epoll();
        using var events = new EpollEvents(8);
        var signals = Enumerable.Range(0, 5).Select(_ => new EventFd()).ToArray();
        for (var i = 0; i < signals.Length; i++)
        {
            epoll.Add(signals[i].Descriptor, EpollFlags.Readable, (ulong)i + 100);
            signals[i].Signal();
        }

        var count = epoll.Wait(events, 0);

        Assert.Equal([100, 101, 102, 103, 104], Enumerable.Range(0, count).Select(i => (int)events.Tag(i)).Order());
        Array.ForEach(signals, signal => signal.Dispose());
    }

    [Fact]
    public void What_cannot_be_watched_is_an_error_with_the_call()
    {
        using var epoll = new Epoll();

        var error = Assert.Throws<LinuxException>(() => epoll.Add(-1, EpollFlags.Readable, 0));

        Assert.Contains("epoll_ctl", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Signalling_after_dispose_is_harmless()
    {
        var signal = new EventFd();
        signal.Dispose();

        signal.Signal();
    }
}
