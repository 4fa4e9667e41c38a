using System.Buffers.Binary;
using Ambient.HttpProxy.WebSockets;

namespace Ambient.HttpProxy.Tests.WebSockets;

public sealed class WebSocketFramesTests
{
    private const byte Text = 0x81, Close = 0x88;

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(125, false)]
    [InlineData(126, true)]
    [InlineData(65535, false)]
    [InlineData(65536, true)]
    public void A_frame_ends_with_its_last_byte(int content, bool isMasked)
    {
        var frame = Frame(Text, content, isMasked);
        var frames = new WebSocketFrames();
        foreach (var value in frame[..^1])
        {
            frames.Pass([value]);
            Assert.False(frames.IsBetween);
        }

        Assert.Equal(1, frames.RestIn([frame[^1], Text, 0]));
        frames.Pass(frame[^1..]);

        Assert.True(frames.IsBetween);
        Assert.Equal(0, frames.RestIn([Text, 0]));
    }

    // However the bytes are cut, the boundaries are where they were written.
    [Fact]
    public void Any_sequence_in_any_pieces_is_followed()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var (bytes, ends) = Sequence(random);
            var frames = new WebSocketFrames();
            for (var at = 0; at < bytes.Length;)
            {
                var piece = bytes.AsSpan(at, Math.Min(random.Next(1, random.Next(2, 400)), bytes.Length - at));
                Assert.Equal(ends.Contains(at) ? 0 : Math.Min(piece.Length, ends.First(end => end > at) - at), frames.RestIn(piece));
                frames.Pass(piece);
                at += piece.Length;
                Assert.Equal(ends.Contains(at), frames.IsBetween);
            }

            Assert.False(frames.HasClosed);
        }
    }

    [Fact]
    public void A_close_frame_is_noticed_when_it_begins()
    {
        var frames = new WebSocketFrames();
        frames.Pass([0x89, 0]); // ping
        Assert.False(frames.HasClosed);

        frames.Pass([Close]);

        Assert.True(frames.HasClosed);
    }

    [Fact]
    public void A_length_beyond_all_measure_is_a_frame_without_an_end()
    {
        var frames = new WebSocketFrames();
        frames.Pass([Text, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);

        Assert.Equal(1000, frames.RestIn(new byte[1000]));
        frames.Pass(new byte[1000]);

        Assert.False(frames.IsBetween);
    }

    [Fact]
    public void What_goes_to_a_server_is_masked()
    {
        var frame = GoingAway.Frame(isMasked: true);

        Assert.Equal([Close, 0x82], frame[..2]);
        Assert.Equal(1001, (frame[6] ^ frame[2]) << 8 | (frame[7] ^ frame[3]));
        Assert.Equal([Close, 2, 1001 >> 8, 1001 & 0xFF], GoingAway.Frame(isMasked: false));
    }

    private static (byte[] Bytes, HashSet<int> Ends) Sequence(Random random)
    {
        var bytes = new List<byte>();
        var ends = new HashSet<int> { 0 };
        for (var count = random.Next(1, 20); count > 0; count--)
        {
            var content = random.Next(4) switch { 0 => 0, 1 => random.Next(126), 2 => random.Next(126, 2000), _ => random.Next(65536, 70000) };
            bytes.AddRange(Frame((byte)(random.Next(3) == 0 ? 0x02 : Text), content, random.Next(2) == 0));
            ends.Add(bytes.Count);
        }

        return ([.. bytes], ends);
    }

    private static byte[] Frame(byte first, int content, bool isMasked)
    {
        var mask = (byte)(isMasked ? 0x80 : 0);
        byte[] length = content < 126 ? [(byte)(mask | content)] : content <= ushort.MaxValue ? [(byte)(mask | 126), .. Number(2, content)] : [(byte)(mask | 127), .. Number(8, content)];
        return [first, .. length, .. new byte[isMasked ? 4 : 0], .. Enumerable.Repeat(Close, content)];
    }

    private static byte[] Number(int bytes, int value)
    {
        var all = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(all, value);
        return all[^bytes..];
    }
}
