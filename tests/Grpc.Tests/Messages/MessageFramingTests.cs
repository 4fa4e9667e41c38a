using System.Buffers;
using System.IO.Pipelines;
using Ambient.Grpc.Messages;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Grpc.Tests.Messages;

public sealed class MessageFramingTests
{
    [Fact]
    public void A_message_is_a_flag_a_big_endian_length_and_its_bytes() =>
        Assert.Equal([0, 0, 0, 1, 2, .. Bytes(258)], Frame(Bytes(258)));

    [Fact]
    public void Where_the_bytes_are_cut_does_not_matter() =>
        Prop.ForAll<byte[][], int[]>((messages, cuts) =>
        {
            var wire = messages.SelectMany(Frame).ToArray();
            var pipe = new Pipe();
            var reader = new MessageReader<ReadOnlyMemory<byte>>(pipe.Reader, RawFormat.Instance, 1 << 20);

            var reading = ReadAllAsync(reader);
            foreach (var piece in Sequences.Pieces(wire, cuts))
                pipe.Writer.WriteAsync(piece).AsTask().GetAwaiter().GetResult();
            pipe.Writer.Complete();

            var read = reading.GetAwaiter().GetResult();
            return read.Count == messages.Length && read.Zip(messages).All(static pair => pair.First.Span.SequenceEqual(pair.Second));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bytes_give_messages_or_a_status() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var pipe = new Pipe();
            pipe.Writer.WriteAsync(bytes).AsTask().GetAwaiter().GetResult();
            pipe.Writer.Complete();
            try
            {
                ReadAllAsync(new(pipe.Reader, RawFormat.Instance, 64)).GetAwaiter().GetResult();
            }
            catch (RpcException exception)
            {
                return exception.Code is StatusCode.Internal or StatusCode.ResourceExhausted;
            }
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_message_of_the_limit_is_taken_and_one_byte_more_is_refused_by_its_prefix_alone()
    {
        var exact = new ReadOnlySequence<byte>(Frame(Bytes(10)));
        Assert.True(MessageFraming.TryRead(ref exact, 10, out var message));
        Assert.Equal(10, message.Length);

        var larger = new ReadOnlySequence<byte>([0, 0, 0, 0, 11]);
        var refusal = Assert.Throws<RpcException>(() => MessageFraming.TryRead(ref larger, 10, out _));
        Assert.Equal(StatusCode.ResourceExhausted, refusal.Code);
        Assert.Equal("A received message has 11 bytes; the limit is 10. Raise the limit or send less at a time.", refusal.Detail);
    }

    [Fact]
    public void The_largest_length_there_is_is_refused_and_not_taken_for_a_negative_one()
    {
        var input = new ReadOnlySequence<byte>([0, 0xFF, 0xFF, 0xFF, 0xFF]);

        Assert.Contains("4294967295 bytes", Assert.Throws<RpcException>(() => MessageFraming.TryRead(ref input, int.MaxValue, out _)).Detail);
    }

    [Fact]
    public void A_compressed_message_is_refused()
    {
        var input = new ReadOnlySequence<byte>([1]);

        Assert.Equal(StatusCode.Internal, Assert.Throws<RpcException>(() => MessageFraming.TryRead(ref input, 10, out _)).Code);
    }

    [Fact]
    public void A_message_too_large_to_send_leaves_nothing_behind()
    {
        var output = new ArrayBufferWriter<byte>();

        var refusal = Assert.Throws<RpcException>(() => MessageFraming.Write(Bytes(11), RawFormat.Instance, 10, output));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.Code);
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public async Task The_end_within_a_message_is_an_error_and_says_so()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(Frame(Bytes(10)).AsMemory(0, 12));
        await pipe.Writer.CompleteAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => ReadAllAsync(new(pipe.Reader, RawFormat.Instance, 64)));

        Assert.Equal("The stream ended 12 bytes into a message.", failure.Detail);
    }

    [Fact]
    public async Task A_message_waits_for_room_before_it_is_gathered_and_gives_it_back_once_read()
    {
        var pipe = new Pipe();
        var room = new SemaphoreSlim(0);
        var asked = new TaskCompletionSource<int>();
        var returned = 0;
        var reader = new MessageReader<ReadOnlyMemory<byte>>(pipe.Reader, RawFormat.Instance, 64)
        {
            BeforeGathering = async (bytes, stop) =>
            {
                asked.SetResult(bytes);
                await room.WaitAsync(stop);
                return new(TimeSpan.FromHours(1), TimeProvider.System, () => returned++);
            },
        };

        await pipe.Writer.WriteAsync(Frame(Bytes(20)).AsMemory(0, 8));
        var reading = reader.ReadAsync(default).AsTask();
        Assert.Equal(20, await asked.Task);
        room.Release();
        await pipe.Writer.WriteAsync(Frame(Bytes(20)).AsMemory(8));

        Assert.Equal(20, (await reading).Message.Length);
        Assert.Equal(1, returned);
    }

    private static ReadOnlyMemory<byte> Memory(byte[] bytes) => bytes;

    private static byte[] Bytes(int count) => [.. Enumerable.Range(0, count).Select(static i => (byte)i)];

    private static byte[] Frame(byte[] message)
    {
        var output = new ArrayBufferWriter<byte>();
        MessageFraming.Write(Memory(message), RawFormat.Instance, 1 << 20, output);
        return output.WrittenSpan.ToArray();
    }

    private static async Task<List<ReadOnlyMemory<byte>>> ReadAllAsync(MessageReader<ReadOnlyMemory<byte>> reader)
    {
        var messages = new List<ReadOnlyMemory<byte>>();
        while (await reader.ReadAsync(default) is { HasMessage: true } received) messages.Add(received.Message);
        return messages;
    }
}
