using Ambient.Grpc;
using Ambient.Grpc.Calls;
using Ambient.GrpcServer.Tests.Scenes;

namespace Ambient.GrpcServer.Tests;

public sealed class DuplexTests
{
    [Fact]
    public async Task Both_sides_speak_in_turn_and_end_cleanly()
    {
        await using var server = await TestServer.StartAsync(app => app.MapDuplex(Calls.Say, EchoAsync));
        using var channel = Calls.ChannelTo(server.Address);
        await using var call = channel.OpenDuplex(Calls.Say, null, null, default);

        for (var i = 0; i < 100; i++)
        {
            await call.WriteAsync($"message {i}", default);
            Assert.Equal($"message {i}", await call.ReadAsync(default));
        }
        await call.CompleteAsync(default);

        Assert.Null(await call.ReadAsync(default));
    }

    [Fact]
    public async Task The_server_may_speak_first_and_end_without_the_caller()
    {
        await using var server = await TestServer.StartAsync(app => app.MapDuplex(Calls.Say, async call =>
        {
            await call.WriteAsync("welcome", call.Context.Stop);
            throw new RpcException(StatusCode.Aborted, "and good-bye");
        }));
        using var channel = Calls.ChannelTo(server.Address);
        await using var call = channel.OpenDuplex(Calls.Say, null, null, default);

        Assert.Equal("welcome", await call.ReadAsync(default));
        var ending = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync(default));

        Assert.Equal((StatusCode.Aborted, "and good-bye"), (ending.Code, ending.Detail));
    }

    [Fact]
    public async Task Messages_of_many_sizes_pass_whole()
    {
        await using var server = await TestServer.StartAsync(app => app.MapDuplex(Calls.Carry, EchoAsync, new() { MaxReceiveBytes = 8 << 20, MaxSendBytes = 8 << 20 }));
        using var channel = Calls.ChannelTo(server.Address, static options =>
            new() { Address = options.Address, MaxReceiveBytes = 8 << 20, MaxSendBytes = 8 << 20 });
        await using var call = channel.OpenDuplex(Calls.Carry, null, null, default);
        var random = new Random(1);

        foreach (var size in new[] { 0, 1, 5, 16_383, 16_384, 65_536, 65_537, 1 << 20, 8 << 20 })
        {
            var message = new byte[size];
            random.NextBytes(message);
            await call.WriteAsync(message, default);
            Assert.True((await call.ReadAsync(default)).Span.SequenceEqual(message));
        }
    }

    [Fact]
    public async Task Leaving_a_call_cancels_it_at_the_server()
    {
        var (entered, stopped) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var server = await TestServer.StartAsync(app => app.MapDuplex(Calls.Say, async call =>
        {
            call.Context.Stop.Register(stopped.SetResult);
            entered.SetResult();
            await call.ReadAsync(call.Context.Stop);
        }));
        using var channel = Calls.ChannelTo(server.Address);

        await using (var call = channel.OpenDuplex(Calls.Say, null, null, default)) await entered.Task;

        await stopped.Task;
    }

    [Fact]
    public async Task A_token_that_fires_ends_a_waiting_read()
    {
        await using var server = await TestServer.StartAsync(app => app.MapDuplex(Calls.Say, EchoAsync));
        using var channel = Calls.ChannelTo(server.Address);
        using var stop = new CancellationTokenSource();
        await using var call = channel.OpenDuplex(Calls.Say, null, null, stop.Token);
        await call.WriteAsync("x", default);
        await call.ReadAsync(default);

        var reading = call.ReadAsync(default).AsTask();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task A_server_that_stops_says_so()
    {
        var entered = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(app => app.MapDuplex(Calls.Say, async call =>
        {
            entered.SetResult();
            await call.ReadAsync(call.Context.Stop);
        }));
        using var channel = Calls.ChannelTo(server.Address);
        await using var call = channel.OpenDuplex(Calls.Say, null, null, default);
        await entered.Task;

        var stopping = server.DisposeAsync();
        var ending = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync(default));
        await stopping;

        Assert.True(ending.Code is StatusCode.Unavailable or StatusCode.Cancelled or StatusCode.Internal, ending.Message);
    }

    [Fact]
    public async Task Many_calls_share_a_connection()
    {
        await using var server = await TestServer.StartAsync(app => app.MapDuplex(Calls.Say, EchoAsync));
        using var channel = Calls.ChannelTo(server.Address);

        await Task.WhenAll(Enumerable.Range(0, 80).Select(async i =>
        {
            await using var call = channel.OpenDuplex(Calls.Say, null, null, default);
            await call.WriteAsync($"{i}", default);
            Assert.Equal($"{i}", await call.ReadAsync(default));
            await call.CompleteAsync(default);
            Assert.Null(await call.ReadAsync(default));
        }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_cut_at_any_byte_ends_the_call_with_a_status(bool towardsServer)
    {
        await using var server = await TestServer.StartAsync(app => app.MapDuplex(Calls.Say, EchoAsync));
        var (failed, done) = (0, 0);

        for (var bytes = 0; bytes <= 700; bytes += 13)
        {
            await using var relay = towardsServer ? new CuttingRelay(server.Address, towardsServer: bytes) : new(server.Address, towardsClient: bytes);
            using var channel = Calls.ChannelTo(relay.Address);
            await using var call = channel.OpenDuplex(Calls.Say, null, null, default);
            try
            {
                await TalkAsync(call);
                done++;
            }
            catch (RpcException ending)
            {
                Assert.True(ending.Code is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled, $"after {bytes} bytes: {ending}");
                failed++;
            }
        }

        Assert.True(failed > 5 && done > 5, $"{failed} failed, {done} done");
    }

    private static async Task TalkAsync(DuplexCall<string, string> call)
    {
        await call.WriteAsync("one", default);
        Assert.Equal("one", await call.ReadAsync(default));
        await call.WriteAsync("two", default);
        Assert.Equal("two", await call.ReadAsync(default));
        await call.CompleteAsync(default);
        Assert.Null(await call.ReadAsync(default));
    }

    private static async Task EchoAsync<T>(ServerCall<T, T> call)
    {
        while (await call.ReadAsync(call.Context.Stop) is { HasMessage: true } received)
            await call.WriteAsync(received.Message!, call.Context.Stop);
    }
}
