using Ambient.Linux.Sockets;
using Ambient.TestKit;

namespace Ambient.Linux.Tests.Sockets;

public sealed class SeqPacketSocketTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("seqpacket").FullName, "socket");
    private readonly byte[] _buffer = new byte[64];

    [Fact]
    public void Messages_keep_their_boundaries()
    {
        var (left, right) = Connected();
        left.Send("one"u8, null, Limit);
        left.Send("two!"u8, null, Limit);

        Assert.Equal(3, right.Receive(_buffer, Limit).Length);
        Assert.Equal(4, right.Receive(_buffer, Limit).Length);
        Assert.Equal("two!"u8, _buffer.AsSpan(0, 4));
        Close(left, right);
    }

    [Fact]
    public void A_descriptor_comes_along_and_is_another_one_of_the_same_file()
    {
        var (left, right) = Connected();
        using var signal = new EventFd();
        using (var lent = new Descriptor(signal.Descriptor))
        {
            left.Send("take"u8, lent, Limit);
            lent.Release();
        }

        var message = right.Receive(_buffer, Limit);

        Assert.Equal((4, false, 0, false), (message.Length, message.IsTruncated, message.ExtraDescriptors, message.IsEnd));
        Assert.NotNull(message.Attached);
        Assert.NotEqual(signal.Descriptor, message.Attached.Value);
        Assert.True(DescriptorFlags.IsCloseOnExec(message.Attached));
        Assert.Equal(File.ResolveLinkTarget($"/proc/self/fd/{signal.Descriptor}", false)!.Name, File.ResolveLinkTarget($"/proc/self/fd/{message.Attached.Value}", false)!.Name);
        message.Attached.Dispose();
        Close(left, right);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(253)]
    public void Extra_descriptors_are_closed_and_reported(int count)
    {
        var (left, right) = Connected();
        using var signal = new EventFd();
        var before = OpenDescriptors.Count();
        left.SendMany("many"u8, Enumerable.Repeat(signal.Descriptor, count).ToArray(), Limit);

        var message = right.Receive(_buffer, Limit);
        message.Attached!.Dispose();

        Assert.Equal(count - 1, message.ExtraDescriptors);
        Assert.Equal(before, OpenDescriptors.Count());
        Close(left, right);
    }

    [Fact]
    public void A_message_larger_than_the_buffer_is_cut_and_says_so_and_the_next_is_whole()
    {
        var (left, right) = Connected();
        left.Send(new byte[65], null, Limit);
        left.Send(new byte[64], null, Limit);

        Assert.Equal((64, true), right.Receive(_buffer, Limit) is var cut ? (cut.Length, cut.IsTruncated) : default);
        Assert.Equal((64, false), right.Receive(_buffer, Limit) is var whole ? (whole.Length, whole.IsTruncated) : default);
        Close(left, right);
    }

    [Fact]
    public void A_cut_message_still_hands_over_its_descriptor()
    {
        var (left, right) = Connected();
        using var signal = new EventFd();
        left.SendMany(new byte[100], [signal.Descriptor], Limit);

        var message = right.Receive(_buffer, Limit);

        Assert.True(message.IsTruncated);
        Assert.NotNull(message.Attached);
        message.Attached.Dispose();
        Close(left, right);
    }

    [Fact]
    public void The_peers_close_is_the_end()
    {
        var (left, right) = Connected();
        left.Send("last"u8, null, Limit);
        left.Dispose();

        Assert.False(right.Receive(_buffer, Limit).IsEnd);
        Assert.True(right.Receive(_buffer, Limit).IsEnd);
        Assert.Equal(Errno.BrokenPipe, Assert.Throws<LinuxException>(() => right.Send("x"u8, null, Limit)).Errno);
        right.Dispose();
    }

    [Fact]
    public void Receiving_gives_up_after_the_timeout()
    {
        var (left, right) = Connected();

        var error = Assert.Throws<TimeoutException>(() => right.Receive(_buffer, TimeSpan.FromMilliseconds(1)));

        Assert.Contains("0.001 s", error.Message, StringComparison.Ordinal);
        Close(left, right);
    }

    [Fact]
    public void Sending_to_a_peer_that_does_not_read_gives_up_after_the_timeout()
    {
        var (left, right) = Connected();

        void Flood()
        {
            while (true)
                left.Send(new byte[8192], null, TimeSpan.FromMilliseconds(1));
        }

        Assert.Throws<TimeoutException>(Flood);
        Close(left, right);
    }

    [Fact]
    public async Task Stopping_wakes_a_waiting_receiver()
    {
        var (left, right) = Connected();
        var receiving = Task.Run(() => right.Receive(_buffer, Timeout.InfiniteTimeSpan));

        right.Stop();

        Assert.True((await receiving.WaitAsync(Limit)).IsEnd);
        Close(left, right);
    }

    [Fact]
    public async Task Stopping_a_listener_ends_accepting()
    {
        using var listener = new SeqPacketListener(_path);
        var accepting = Task.Run(() => listener.Accept(Timeout.InfiniteTimeSpan));

        listener.Stop();

        Assert.Null(await accepting.WaitAsync(Limit));
    }

    [Fact]
    public void A_listener_replaces_what_stands_there_and_whoever_comes_after_it_is_refused()
    {
        File.WriteAllText(_path, "stale");
        using (new SeqPacketListener(_path))
        {
            using var client = SeqPacketSocket.Connect(_path);
        }

        Assert.Equal(Errno.ConnectionRefused, Assert.Throws<LinuxException>(() => SeqPacketSocket.Connect(_path)).Errno);
    }

    [Fact]
    public void A_listener_that_closes_leaves_its_successor_the_path()
    {
        var leaving = new SeqPacketListener(_path);
        using var successor = new SeqPacketListener(_path);

        leaving.Dispose();

        using var client = SeqPacketSocket.Connect(_path);
        using var accepted = successor.Accept(Limit);
        Assert.NotNull(accepted);
    }

    [Fact]
    public void The_peer_is_known_by_the_kernel()
    {
        var (left, right) = Connected();

        Assert.Equal(Environment.ProcessId, right.PeerCredentials().Process);
        Close(left, right);
    }

    [Fact]
    public void A_path_that_is_too_long_is_refused_with_the_limit()
    {
        var error = Assert.Throws<ArgumentException>(() => SeqPacketSocket.Connect("/" + new string('x', 107)));

        Assert.Contains("1 to 107", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    private (SeqPacketSocket, SeqPacketSocket) Connected()
    {
        using var listener = new SeqPacketListener(_path);
        var client = SeqPacketSocket.Connect(_path);
        return (client, listener.Accept(Limit)!);
    }

    private static void Close(SeqPacketSocket left, SeqPacketSocket right)
    {
        left.Dispose();
        right.Dispose();
    }
}
