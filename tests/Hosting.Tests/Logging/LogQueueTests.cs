using System.Text;
using Ambient.Hosting.Logging;
using Ambient.TestKit;
using Xunit;

namespace Ambient.Hosting.Tests.Logging;

public sealed class LogQueueTests
{
    [Fact]
    public void A_full_queue_drops_and_counts_instead_of_waiting()
    {
        var queue = new LogQueue(capacityBytes: 10);

        Assert.True(queue.TryWrite("12345\n"u8));
        Assert.False(queue.TryWrite("67890\n"u8));
        Assert.True(queue.TryWrite("abc\n"u8));
        Assert.False(queue.TryWrite("\n"u8));

        Assert.Equal(2, queue.Dropped);
        Assert.Equal("12345\nabc\n", Encoding.ASCII.GetString(queue.Take(TimeSpan.Zero).Span));
        Assert.True(queue.TryWrite("1234567890"u8));
    }

    [Fact]
    public void What_was_queued_before_completion_is_taken_and_then_the_end()
    {
        var queue = new LogQueue();
        queue.TryWrite("last\n"u8);
        queue.Complete();

        Assert.False(queue.TryWrite("late\n"u8));
        Assert.Equal("last\n", Encoding.ASCII.GetString(queue.Take(TimeSpan.Zero).Span));
        Assert.True(queue.Take(TimeSpan.Zero).IsEmpty);
    }

    [Fact]
    public void Queueing_a_line_allocates_nothing_while_it_fits()
    {
        var queue = new LogQueue();
        var line = Encoding.ASCII.GetBytes(new string('x', 300) + "\n");
        for (var buffer = 0; buffer < 2; buffer++) // there are two, which take turns
        {
            for (var i = 0; i < 200; i++) queue.TryWrite(line);
            queue.Take(TimeSpan.Zero);
        }

        Assert.Equal(0, Allocations.Of(() => queue.TryWrite(line), times: 100, warmUp: 100));
        Assert.Equal(0, queue.Dropped);
    }

    [Fact]
    public async Task Every_line_of_every_thread_arrives_whole_and_in_its_threads_order()
    {
        const int threads = 4, lines = 2000;
        using var output = new MemoryStream();
        var queue = new LogQueue(64 << 20);
        using var writer = new LogWriter(queue, LogFormat.Plain, output, TimeProvider.System);

        await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < lines; i++) queue.TryWrite(Encoding.ASCII.GetBytes($"{thread} {i}\n"));
        })));

        Assert.True(writer.Finish(TimeSpan.FromSeconds(10)));
        var written = Encoding.ASCII.GetString(output.ToArray()).TrimEnd('\n').Split('\n').Select(line => line.Split(' ')).ToList();
        Assert.Equal(threads * lines, written.Count);
        foreach (var ofThread in written.GroupBy(line => line[0]))
            Assert.Equal(Enumerable.Range(0, lines).Select(i => $"{i}"), ofThread.Select(line => line[1]));
    }

    [Fact]
    public void A_stuck_output_holds_up_nobody_and_the_loss_is_told_when_it_moves_again()
    {
        using var output = new StuckStream();
        var queue = new LogQueue(capacityBytes: 1000);
        using var writer = new LogWriter(queue, LogFormat.Plain, output, TimeProvider.System);
        queue.TryWrite("first\n"u8);
        output.Entered.Wait(TimeSpan.FromSeconds(10));

        for (var i = 0; i < 1000; i++) queue.TryWrite("0123456789\n"u8);
        Assert.Equal(1000 - 90, queue.Dropped);
        Assert.False(writer.Finish(TimeSpan.Zero));

        output.LetGo.Set();
        Assert.True(writer.Finish(TimeSpan.FromSeconds(10)));
        Assert.Contains("\twarn\tlog\tlog lines were dropped because the output is too slow\tlines=910\n", output.Text);
    }

    [Fact]
    public void An_output_that_fails_ends_the_output_and_nothing_else()
    {
        var queue = new LogQueue();
        using var writer = new LogWriter(queue, LogFormat.Plain, new FailingStream(), TimeProvider.System);

        Assert.True(queue.TryWrite("a\n"u8));
        Assert.True(writer.Finish(TimeSpan.FromSeconds(10)));
    }

    private sealed class StuckStream : MemoryStream
    {
        public ManualResetEventSlim Entered { get; } = new();
        public ManualResetEventSlim LetGo { get; } = new();
        public string Text => Encoding.ASCII.GetString(ToArray());

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Entered.Set();
            LetGo.Wait();
            base.Write(buffer);
        }
    }

    private sealed class FailingStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("nobody reads");
    }
}
