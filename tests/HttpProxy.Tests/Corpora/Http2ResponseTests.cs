using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Tests.Corpora;

/// <summary>The corpus of odd responses over HTTP/2, written for a client of HTTP/1.1.</summary>
public sealed class Http2ResponseTests
{
    private static readonly RoutePlan NoRetries = new() { Retries = RetryPolicy.None };

    public static TheoryData<string> Names => [.. MessageCorpus.Read(MessageCorpus.Http2Responses).Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_client_gets_what_is_unambiguous_in_one_form_and_the_next_client_its_own(string name)
    {
        var odd = MessageCorpus.Find(MessageCorpus.Http2Responses, name);
        await using var scene = await ProxyScene.StartAsync(plan: NoRetries, protocol: UpstreamProtocol.Http2);
        using var stop = new CancellationTokenSource();
        var serving = ServeAsync(scene, CaseFrames.OfResponse(odd, stream: 1), stop.Token);

        var client = await scene.ConnectAsync();
        await client.SendAsync($"{odd.Lines[0]} / HTTP/1.1\r\nhost: a\r\n\r\n");
        client.Finish();
        var (answer, wasReset) = await client.ReadUntilOverAsync();
        var other = await scene.ConnectAsync();
        await other.SendAsync("GET /next HTTP/1.1\r\nhost: a\r\n\r\n");

        Assert.Equal("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n", await other.ReadHeadAsync());
        Assert.Equal("next", await other.ReadAsync(4));
        Http1ResponseTests.AssertGot(odd, odd.Lines[0], answer, wasReset);
        await stop.CancelAsync();
        await serving;
    }

    /// <summary>Answers the first request of all with the frames, every other in good order.</summary>
    private static async Task ServeAsync(ProxyScene scene, string odd, CancellationToken stop)
    {
        var isFirst = true;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var wire = await scene.AcceptAsync(stop);
                Assert.Equal(Frames.Preface, await wire.ReadAsync(Frames.Preface.Length, stop));
                await wire.SendAsync(Frames.Settings());
                while (true)
                {
                    var (type, flags, stream) = await wire.ReadAnyFrameAsync(stop);
                    if (type == 4 && (flags & 1) == 0) await wire.SendAsync(Frames.Of(4, 1, 0));
                    if (type != 1) continue;
                    await wire.SendAsync(isFirst ? odd : Frames.Headers(stream, false, ":status", "200", "content-length", "4") + Frames.Data(stream, "next", endStream: true));
                    isFirst = false;
                }
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or OperationCanceledException)
            {
                // the proxy has ended the connection, or the test is over
            }
        }
    }
}
