namespace Ambient.HttpProxy.Tests.Scenes;

/// <summary>A client and a server of Debian's python3-grpcio.</summary>
internal static class GrpcScripts
{
    /// <summary>Prints what it got; the server's address is its argument.</summary>
    public const string Client = """
        import grpc, sys, threading
        channel = grpc.insecure_channel(sys.argv[1])
        say, talk = channel.unary_unary('/test.Speech/Say'), channel.stream_stream('/test.Speech/Talk')
        def ended(call):
            try:
                call()
                return 'no error'
            except grpc.RpcError as error:
                return f'{error.code().name} {error.details()} {dict(error.trailing_metadata() or ()).get("x-trailer", "")}'.strip()
        print(say(b'hello', metadata=(('x-name', 'value'),), timeout=20).decode())
        print(len(say(b'x' * 1000000, timeout=20)))
        print(ended(lambda: say(b'fail', timeout=20)))
        print(ended(lambda: say(b'slow', timeout=0.3)).split()[0])
        print(ended(lambda: channel.unary_unary("/test.Speech/Missing")(b"", timeout=20)))
        print(','.join(answer.decode() for answer in talk(iter([b'1', b'22', b'123']), timeout=20)))
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

    /// <summary>Prints its port, ends with its standard input.</summary>
    public const string Server = """
        import grpc, sys, threading
        from concurrent import futures
        class Speech(grpc.GenericRpcHandler):
            def service(self, details):
                if details.method == '/test.Speech/Say': return grpc.unary_unary_rpc_method_handler(self.say)
                if details.method == '/test.Speech/Talk': return grpc.stream_stream_rpc_method_handler(self.talk)
            def say(self, request, context):
                context.set_trailing_metadata((('x-trailer', 'trailed'),))
                if request == b'fail': context.abort(grpc.StatusCode.DATA_LOSS, 'über alles')
                if request == b'slow': threading.Event().wait(5)
                return request + dict(context.invocation_metadata()).get('x-name', '').encode()
            def talk(self, requests, context):
                for request in requests: yield request[::-1]
        server = grpc.server(futures.ThreadPoolExecutor(8), handlers=(Speech(),))
        print('port', server.add_insecure_port('127.0.0.1:0'), flush=True)
        server.start()
        sys.stdin.readline()
        server.stop(5).wait()
        """;
}
