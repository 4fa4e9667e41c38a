using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>Whatever either side speaks, and wherever its bytes are cut, the other side hears the same message.</summary>
public sealed class TranslationTests
{
    private static readonly Gen<string> Body = Gen.OneOf(
        Gen.Constant(""), Gen.Choose(1, 600).Select(length => new string([.. Enumerable.Range(0, length).Select(i => (char)('a' + i * 7 % 26))])));

    private static readonly Gen<string[]> Fields = Gen.SubListOf(
        "x-one: 1", "x-two: a, b", "x-empty: ", "accept: */*", "cookie: a=1; b=2", "authorization: Bearer x", "x-long: " + new string('y', 300), "grpc-status: 0",
        "expires: 0", "x-utf8: \u00c3\u00a9", "x-colon: a:b: c", "content-type: application/grpc").Select(list => list.ToArray());

    private static readonly Gen<string[]> Trailers = Gen.SubListOf("x-sum: 7", "grpc-status: 0", "grpc-message: fine").Select(list => list.ToArray());

    private static Gen<Spoken> Message(params string[] starts) =>
        from start in Gen.Elements(starts)
        from fields in Fields
        from body in Body
        from knows in Gen.Elements(true, false)
        from trailers in Trailers
        select new Spoken(start, fields, body, knows, knows ? [] : trailers);

    private static readonly Arbitrary<(Spoken Request, Spoken Response, int ClientCut, int ServerCut)> Exchanges = (
        from request in Message("POST /a", "PUT /b?c=d", "DELETE /%2e%2E/x//y", "PATCH /z;p=1?q", "REPORT /")
        from response in Message("200", "201", "404", "503")
        from clientCut in Gen.OneOf(Gen.Choose(1, 20), Gen.Constant(100_000))
        from serverCut in Gen.OneOf(Gen.Choose(1, 20), Gen.Constant(100_000))
        select (request, response, clientCut, serverCut)).ToArbitrary();

    [Theory]
    [InlineData(false, UpstreamProtocol.Http1)]
    [InlineData(false, UpstreamProtocol.Http2)]
    [InlineData(true, UpstreamProtocol.Http1)]
    [InlineData(true, UpstreamProtocol.Http2)]
    public async Task The_same_message_arrives(bool clientSpeaksHttp2, UpstreamProtocol protocol)
    {
        await using var scene = await ProxyScene.StartAsync(plan: new() { Retries = Model.Routes.RetryPolicy.None }, protocol: protocol);
        ISpeaker client = clientSpeaksHttp2 ? new Http2Speaker(await scene.ConnectHttp2Async(), isClient: true) : new Http1Speaker(await scene.ConnectAsync(), isClient: true);
        ISpeaker? server = null;

        Prop.ForAll(Exchanges, exchange => RunAsync(exchange).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
        return;

        async Task RunAsync((Spoken Request, Spoken Response, int ClientCut, int ServerCut) exchange)
        {
            await client.SayAsync(exchange.Request, exchange.ClientCut);
            server ??= protocol == UpstreamProtocol.Http2
                ? new Http2Speaker(await scene.AcceptHttp2Async(), isClient: false) : new Http1Speaker(await scene.AcceptAsync(), isClient: false);
            Assert.Equal($"{exchange.Request}", $"{await server.HearAsync()}");
            await server.SayAsync(exchange.Response, exchange.ServerCut);
            Assert.Equal($"{exchange.Response}", $"{await client.HearAsync()}");
        }
    }

    [Fact]
    public void Frames_of_many_requests_may_come_in_any_order()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed => RunAsync(seed).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(30));

        static async Task RunAsync(int seed)
        {
            var random = new System.Random(seed);
            await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
            var client = await scene.ConnectHttp2Async();
            var calls = Enumerable.Range(0, 8).Select(number =>
                client.Open(endStream: false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", $"/{number}")).ToArray();
            var left = calls.Select(_ => random.Next(1, 6)).ToArray();
            var sent = new string[calls.Length];
            while (left.Any(pieces => pieces > 0))
            {
                var number = random.Next(calls.Length);
                if (left[number] == 0) continue;
                var piece = new string((char)('a' + random.Next(26)), random.Next(0, 3000));
                sent[number] += piece;
                await calls[number].SendAsync(piece, endStream: --left[number] == 0);
            }

            var server = await scene.AcceptHttp2Async();
            foreach (var _ in calls)
            {
                var served = await server.AcceptAsync();
                var number = int.Parse((await served.HeadAsync())[3][":path: /".Length..], System.Globalization.CultureInfo.InvariantCulture);
                Assert.Equal(sent[number], await served.BodyAsync());
                served.SendHead(true, ":status", "204");
            }
        }
    }
}
