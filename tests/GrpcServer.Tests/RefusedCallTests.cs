using Ambient.GrpcServer.Tests.Scenes;

namespace Ambient.GrpcServer.Tests;

/// <summary>Calls of which the server says that it has not looked at them (RFC 9113 §8.7).</summary>
public sealed class RefusedCallTests
{
    [Theory]
    [InlineData(RawHttp2Server.Reset)]
    [InlineData(RawHttp2Server.GoAway)]
    public async Task A_call_that_the_server_refused_whole_is_made_again_with_its_message(byte refusal)
    {
        await using var server = new RawHttp2Server();
        using var channel = Calls.ChannelTo(server.Address);
        using var stop = new CancellationTokenSource();

        var calling = channel.UnaryAsync(Calls.Say, "question", null, null, stop.Token);
        var first = await ReceiveMessageAsync(server);
        if (refusal == RawHttp2Server.Reset) await server.SendAsync(refusal, 1, 0, 0, 0, 7); // REFUSED_STREAM
        else await server.SendAsync(refusal, 0, 0, 0, 0, 0, 0, 0, 0, 0); // NO_ERROR, and not even stream 1 was looked at
        var second = await ReceiveMessageAsync(server);

        Assert.Equal(5 + "question".Length, first);
        Assert.Equal(first, second);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calling);
    }

    private static async Task<int> ReceiveMessageAsync(RawHttp2Server server)
    {
        Assert.Equal(RawHttp2Server.Headers, (await server.ReceiveAsync()).Type);
        var message = 0;
        while (await server.ReceiveAsync() is { Type: RawHttp2Server.Data, Bytes: > 0 } part) message += part.Bytes;
        return message; // an empty frame ends the body
    }
}
