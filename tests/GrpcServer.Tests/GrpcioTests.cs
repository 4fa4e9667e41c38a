using System.Globalization;
using Ambient.Grpc;
using Ambient.GrpcServer.Tests.Scenes;
using Ambient.TestKit.Peers;

namespace Ambient.GrpcServer.Tests;

/// <summary>The implementation of gRPC that most others are, with which neither of our sides shares a line: Debian's python3-grpcio.</summary>
public sealed class GrpcioTests
{
    private const string Python = "/usr/bin/python3"; // where the package's modules are found

    private const string Client = """
        import grpc, sys, threading
        channel = grpc.insecure_channel(sys.argv[1])
        say, talk = channel.unary_unary('/test.Speech/Say'), channel.stream_stream('/test.Speech/Talk')
        def ended(call):
            try:
                call()
                return 'no error'
            except grpc.RpcError as error:
                return f'{error.code().name} {error.details()} {dict(error.trailing_metadata() or ()).get("x-trailer", "-")}'
        print(say(b'hello', metadata=(('x-name', 'value'),), timeout=20).decode())
        print(len(say(b'x' * 1000000, timeout=20)))
        print(ended(lambda: say(b'fail', timeout=20)))
        print(ended(lambda: say(b'slow', timeout=0.3)).split()[0])
        print(ended(lambda: channel.unary_unary("/test.Speech/None")(b"", timeout=20)).split()[0])
        print(','.join(answer.decode() for answer in talk(iter([b'1', b'22', b'333']), timeout=20)))
        gone = threading.Event()
        def endless():
            yield b'first'
            gone.wait(20)
        call = talk(endless(), timeout=20)
        print(next(call).decode())
        call.cancel()
        gone.set()
        print('cancelled', call.code().name)
        """;

    private const string Server = """
        import grpc, sys, threading
        from concurrent import futures
        class Speech(grpc.GenericRpcHandler):
            def service(self, details):
                if details.method == '/test.Speech/Say': return grpc.unary_unary_rpc_method_handler(self.say)
                if details.method == '/test.Speech/Talk': return grpc.stream_stream_rpc_method_handler(self.talk)
            def say(self, request, context):
                context.set_trailing_metadata((('x-trailer', 'trailed'),))
                if request == b'fail': context.abort(grpc.StatusCode.DATA_LOSS, 'über alles')
                if request == b'slow':
                    threading.Event().wait(5)
                return request + dict(context.invocation_metadata()).get('x-name', '').encode()
            def talk(self, requests, context):
                for request in requests: yield request[::-1]
                if context.is_active(): context.set_details('done')
        server = grpc.server(futures.ThreadPoolExecutor(8), handlers=(Speech(),))
        print('port', server.add_insecure_port('127.0.0.1:0'), flush=True)
        server.start()
        sys.stdin.readline()
        server.stop(5).wait()
        """;

    private static readonly GrpcMethod<string, string> Talk = new("test.Speech", "Talk", Calls.Say.Request, Calls.Say.Response);

    [Fact]
    public async Task It_calls_us()
    {
        await using var server = await TestServer.StartAsync(app =>
        {
            app.MapUnary(Calls.Say, async (request, context) =>
            {
                if (request == "fail")
                {
                    context.Trailers.Add("x-trailer", "trailed");
                    throw new RpcException(StatusCode.DataLoss, "über alles");
                }
                if (request == "slow") await Task.Delay(Timeout.Infinite, context.Stop);
                return request + context.Metadata.Find("x-name");
            }, new() { MaxReceiveBytes = 4 << 20 });
            app.MapDuplex(Talk, static async call =>
            {
                while (await call.ReadAsync(call.Context.Stop) is { HasMessage: true } received) await call.WriteAsync(received.Message + "!", call.Context.Stop);
            });
        });

        var output = await PeerProcess.RunAsync(Python, "-c", Client, $"127.0.0.1:{server.Address.Port}");

        Assert.Equal(["hellovalue", "1000000", "DATA_LOSS über alles trailed", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "1!,22!,333!", "first!", "cancelled CANCELLED"],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task We_call_it()
    {
        using var server = PeerProcess.Start(Python, "-u", "-c", Server);
        await server.WaitForOutputAsync("port");
        var port = int.Parse(server.Output.Split(' ', '\n')[1], CultureInfo.InvariantCulture);
        using var channel = Calls.ChannelTo(new($"http://127.0.0.1:{port}"), static options => new() { Address = options.Address, MaxReceiveBytes = 4 << 20 });

        Assert.Equal("hellovalue", await channel.UnaryAsync(Calls.Say, "hello", new() { { "x-name", "value" } }, null, default));
        Assert.Equal(1_000_000, (await channel.UnaryAsync(Calls.Say, new('x', 1_000_000), null, null, default)).Length);
        var failed = await Assert.ThrowsAsync<RpcException>(async () => await channel.UnaryAsync(Calls.Say, "fail", null, null, default));
        Assert.Equal((StatusCode.DataLoss, "über alles"), (failed.Code, failed.Detail));
        var late = await Assert.ThrowsAsync<RpcException>(async () => await channel.UnaryAsync(Calls.Say, "slow", null, TimeSpan.FromMilliseconds(300), default));
        Assert.Equal(StatusCode.DeadlineExceeded, late.Code);

        await using var call = channel.OpenDuplex(Talk, null, null, default);
        for (var i = 0; i < 5; i++)
        {
            await call.WriteAsync($"ab{i}", default);
            Assert.Equal($"{i}ba", await call.ReadAsync(default));
        }
        await server.Input.WriteLineAsync(); // it stops: no new calls, and those under way may end
        await server.Input.FlushAsync();
        await call.WriteAsync("last", default);
        Assert.Equal("tsal", await call.ReadAsync(default));
        await call.CompleteAsync(default);

        Assert.Null(await call.ReadAsync(default));
    }
}
