using Ambient.Grpc;
using Ambient.GrpcServer.Tests.Scenes;
using Ambient.TestKit;

namespace Ambient.GrpcServer.Tests;

public sealed class UnaryTests
{
    [Fact]
    public async Task A_request_gets_its_response_and_metadata_travels_both_ways()
    {
        byte[]? received = null;
        await using var server = await TestServer.StartAsync(app => app.MapUnary(Calls.Say, (request, context) =>
        {
            Assert.True(context.Metadata.TryFindBytes("trace-bin", out received));
            context.AddHeader("served-by", "one");
            return Task.FromResult($"{request} {context.Metadata.Find("Name")}");
        }));
        using var channel = Calls.ChannelTo(server.Address);
        var metadata = new GrpcMetadata { { "name", "Bob" } };
        metadata.AddBytes("trace-bin", [0, 255, 7]);

        Assert.Equal("Hello Bob", await channel.UnaryAsync(Calls.Say, "Hello", metadata, null, default));

        Assert.Equal([0, 255, 7], received);
    }

    [Fact]
    public async Task A_server_on_a_Unix_socket_is_called_through_it()
    {
        var path = Path.Combine(Path.GetTempPath(), $"grpc-{Guid.NewGuid():N}.sock");
        await using var server = await TestServer.StartAsync(app => app.MapUnary(Calls.Say, (request, _) => Task.FromResult($"{request} from the socket")), unixSocket: path);
        using var channel = new Ambient.Grpc.Channel.GrpcChannel(new() { Address = server.Address, UnixSocket = path });
        using var nobody = new Ambient.Grpc.Channel.GrpcChannel(new() { Address = server.Address, UnixSocket = path + ".none" });

        Assert.Equal("Hello from the socket", await channel.UnaryAsync(Calls.Say, "Hello", null, null, default));
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => nobody.UnaryAsync(Calls.Say, "Hello", null, null, default))).Code);
    }

    [Fact]
    public async Task An_empty_message_is_a_message()
    {
        await using var server = await TestServer.StartAsync(app => app.MapUnary(Calls.Say, (request, _) => Task.FromResult(request)));
        using var channel = Calls.ChannelTo(server.Address);

        Assert.Equal("", await channel.UnaryAsync(Calls.Say, "", null, null, default));
    }

    [Fact]
    public async Task A_status_arrives_with_its_text_and_trailers()
    {
        await using var server = await TestServer.StartAsync(app => app.MapUnary(Calls.Say, (_, context) =>
        {
            context.Trailers.Add("retry-after", "5");
            throw new RpcException(StatusCode.PermissionDenied, "Zugriff verweigert: 100 % größer\nals erlaubt");
        }));
        using var channel = Calls.ChannelTo(server.Address);

        var refusal = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Calls.Say, "x", null, null, default));

        Assert.Equal(StatusCode.PermissionDenied, refusal.Code);
        Assert.Equal("Zugriff verweigert: 100 % größer\nals erlaubt", refusal.Detail);
        Assert.Equal("5", refusal.Trailers.Find("retry-after"));
    }

    [Fact]
    public async Task A_defect_in_a_handler_tells_the_caller_nothing_of_it()
    {
        await using var server = await TestServer.StartAsync(app =>
            app.MapUnary(Calls.Say, (_, _) => throw new InvalidOperationException("secret inner state")));
        using var channel = Calls.ChannelTo(server.Address);

        var failure = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Calls.Say, "x", null, null, default));

        Assert.Equal(StatusCode.Internal, failure.Code);
        Assert.DoesNotContain("secret", failure.Detail);
    }

    [Fact]
    public async Task A_method_that_is_not_there_is_unimplemented()
    {
        await using var server = await TestServer.StartAsync(static _ => { });
        using var channel = Calls.ChannelTo(server.Address);

        var refusal = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Calls.Say, "x", null, null, default));

        Assert.Equal((StatusCode.Unimplemented, "There is no method /test.Speech/Say here."), (refusal.Code, refusal.Detail));
    }

    [Fact]
    public async Task The_caller_gives_up_at_its_deadline_and_the_server_is_told()
    {
        var time = new ManualTime();
        var running = new TaskCompletionSource<TimeSpan?>();
        var stopped = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(app => app.MapUnary(Calls.Say, async (request, context) =>
        {
            context.Stop.Register(stopped.SetResult);
            running.SetResult(context.TimeLeft);
            await stopped.Task;
            return request;
        }));
        using var channel = Calls.ChannelTo(server.Address, time: time);

        var call = channel.UnaryAsync(Calls.Say, "x", null, TimeSpan.FromSeconds(20), default);
        Assert.Equal(TimeSpan.FromSeconds(20), await running.Task);
        time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => call)).Code);
        await stopped.Task;
    }

    [Fact]
    public async Task The_server_ends_a_call_at_the_callers_deadline()
    {
        var time = new ManualTime();
        var running = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(app => app.MapUnary(Calls.Say, async (request, context) =>
        {
            running.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.Stop);
            return request;
        }), time: time);
        using var channel = Calls.ChannelTo(server.Address, time: new ManualTime()); // the caller's clock stands still

        var call = channel.UnaryAsync(Calls.Say, "x", null, TimeSpan.FromSeconds(20), default);
        await running.Task;
        time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => call)).Code);
    }

    [Fact]
    public async Task A_request_over_the_servers_limit_is_refused_with_the_limit_in_the_text()
    {
        await using var server = await TestServer.StartAsync(app =>
            app.MapUnary(Calls.Say, (request, _) => Task.FromResult(request), new() { MaxReceiveBytes = 100 }));
        using var channel = Calls.ChannelTo(server.Address);

        Assert.Equal(100, (await channel.UnaryAsync(Calls.Say, new('a', 100), null, null, default)).Length);
        var refusal = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Calls.Say, new('a', 101), null, null, default));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.Code);
        Assert.Contains("101 bytes; the limit is 100", refusal.Detail);
    }

    [Fact]
    public async Task A_response_over_either_sides_limit_is_refused_with_the_limit_in_the_text()
    {
        await using var server = await TestServer.StartAsync(app =>
            app.MapUnary(Calls.Say, (_, _) => Task.FromResult(new string('a', 101)), new() { MaxSendBytes = 1000 }));
        await using var strict = await TestServer.StartAsync(app =>
            app.MapUnary(Calls.Say, (_, _) => Task.FromResult(new string('a', 101)), new() { MaxSendBytes = 100 }));
        using var limited = Calls.ChannelTo(server.Address, static options => new() { Address = options.Address, MaxReceiveBytes = 100 });
        using var free = Calls.ChannelTo(strict.Address);

        var here = await Assert.ThrowsAsync<RpcException>(() => limited.UnaryAsync(Calls.Say, "x", null, null, default));
        var there = await Assert.ThrowsAsync<RpcException>(() => free.UnaryAsync(Calls.Say, "x", null, null, default));

        Assert.Equal((StatusCode.ResourceExhausted, StatusCode.ResourceExhausted), (here.Code, there.Code));
        Assert.Contains("A received message has 101 bytes; the limit is 100", here.Detail);
        Assert.Contains("A message to be sent has 101 bytes; the limit is 100", there.Detail);
    }

    [Fact]
    public async Task A_request_over_the_callers_own_limit_never_leaves()
    {
        var calls = 0;
        await using var server = await TestServer.StartAsync(app => app.MapUnary(Calls.Say, (request, _) =>
        {
            calls++;
            return Task.FromResult(request);
        }));
        using var channel = Calls.ChannelTo(server.Address, static options => new() { Address = options.Address, MaxSendBytes = 10 });

        var refusal = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Calls.Say, "eleven more", null, null, default));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.Code);
        Assert.Equal(0, calls);
    }

    [Fact]
    public async Task A_call_beyond_the_limit_is_refused_and_the_others_go_on()
    {
        var (entered, leave) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var server = await TestServer.StartAsync(app => app.MapUnary(Calls.Say, async (request, _) =>
        {
            entered.TrySetResult();
            await leave.Task;
            return request;
        }, new() { MaxConcurrentCalls = 1 }));
        using var channel = Calls.ChannelTo(server.Address);

        var first = channel.UnaryAsync(Calls.Say, "first", null, null, default);
        await entered.Task;
        var refusal = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Calls.Say, "second", null, null, default));
        leave.SetResult();

        Assert.Equal(StatusCode.ResourceExhausted, refusal.Code);
        Assert.Equal("first", await first);
        Assert.Equal("third", await channel.UnaryAsync(Calls.Say, "third", null, null, default));
    }

    [Fact]
    public async Task Nobody_listening_is_unavailable_and_names_the_cause()
    {
        await using var server = await TestServer.StartAsync(static _ => { });
        var address = server.Address;
        await server.DisposeAsync();
        using var channel = Calls.ChannelTo(address);

        var failure = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Calls.Say, "x", null, null, default));

        Assert.Equal(StatusCode.Unavailable, failure.Code);
        Assert.Contains("refused", failure.Detail);
    }
}
