using System.Buffers;
using Ambient.Grpc;
using Ambient.Grpc.Messages;
using Ambient.GrpcServer.Tests.Scenes;
using Ambient.TestKit;

namespace Ambient.GrpcServer.Tests;

/// <summary>Callers share the room for large messages, and one that fills none of it must not keep the others out.</summary>
public sealed class LargeMessageTests
{
    private const int Large = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly GrpcMethod<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Announce = new("test.Freight", "Carry", new Announcement(), RawFormat.Instance);

    [Fact]
    public async Task A_caller_that_announces_a_large_message_and_does_not_send_it_gives_its_room_up()
    {
        var time = new ManualTime();
        using var room = new LargeMessageRoom(Large, concurrent: 1, Patience, time);
        await using var server = await TestServer.StartAsync(app => app.MapUnary(Calls.Carry, static (message, _) => Task.FromResult(message), new() { LargeMessages = room }));
        using var channel = Calls.ChannelTo(server.Address);
        await using var slow = channel.OpenDuplex(Announce, null, null, default);
        await slow.WriteAsync(default, default);
        await time.WhenPendingAsync(1);

        var other = channel.UnaryAsync(Calls.Carry, new byte[Large], null, null, default);
        time.Advance(Patience);

        Assert.Equal(Large, (await other.WaitAsync(TimeSpan.FromSeconds(20))).Length);
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(async () => await slow.ReadAsync(default))).Code);
        Assert.Equal(0, time.PendingTimers);
    }

    /// <summary>Says that a large message comes, and ends after a few bytes of it.</summary>
    private sealed class Announcement : MessageFormat<ReadOnlyMemory<byte>>
    {
        public override int SizeOf(ReadOnlyMemory<byte> message) => Large;

        public override void Write(ReadOnlyMemory<byte> message, IBufferWriter<byte> output) => output.Write("a few"u8);

        public override ReadOnlyMemory<byte> Read(ReadOnlySequence<byte> bytes) => bytes.ToArray();
    }
}
