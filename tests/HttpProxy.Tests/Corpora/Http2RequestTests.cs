using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests.Corpora;

/// <summary>The corpus of odd requests over HTTP/2, written for a server of HTTP/1.1: what would be read in two ways there is never written.</summary>
public sealed class Http2RequestTests
{
    private const string Next = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    public static TheoryData<string> Names => [.. MessageCorpus.Read(MessageCorpus.Http2Requests).Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_server_sees_what_is_unambiguous_in_one_form_and_nothing_else(string name)
    {
        var odd = MessageCorpus.Find(MessageCorpus.Http2Requests, name);
        using var server = new RecordingServer();
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => ProxyScene.To(server.Endpoint);
        var client = await scene.ConnectAsync();

        await client.SendAsync(Frames.Preface + Frames.Settings() + CaseFrames.OfRequest(odd, stream: 1));
        if (odd.Verdict >= CaseVerdict.Passes) await client.ReadFrameAsync(type: 1, stream: 1);
        await client.SendAsync(Frames.Get(3)); // its connection goes on
        await client.ReadFrameAsync(type: 1, stream: 3);

        if (odd.Verdict == CaseVerdict.Cut) await AssertCutAsync(server);
        else Assert.Equal(odd.Passed + Next, string.Concat(server.Recordings.Select(recording => recording.Bytes)));
        if (odd.Verdict <= CaseVerdict.Cut) Assert.All(scene.Reports.SkipLast(1), report => Assert.True(report.Status is 0 or >= 400, $"answered with {report.Status}"));
    }

    [Fact]
    public void The_corpus_agrees_with_the_strict_reader()
    {
        Assert.All(MessageCorpus.Read(MessageCorpus.Http2Requests), one =>
        {
            var passed = StrictReader.Requests(one.Passed);
            Assert.True(passed.Doubt is null && passed.Rest.Length == 0, $"{one.Name} passes in a form that is in doubt: {passed.Doubt}");
        });
    }

    [Fact]
    public async Task Too_many_fields_are_431()
    {
        string[] get = [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"];
        await using var scene = await ProxyScene.StartAsync();
        var client = await scene.ConnectHttp2Async();

        var many = client.Open(endStream: true, [.. get, .. Enumerable.Range(0, 101).SelectMany(i => new[] { $"x{i}", "1" })]);
        var large = client.Open(endStream: true, [.. get, "x", new string('y', 70_000)]);

        Assert.Equal(":status: 431", (await many.HeadAsync())[0]);
        Assert.Equal(":status: 431", (await large.HeadAsync())[0]);
    }

    private static async Task AssertCutAsync(RecordingServer server)
    {
        foreach (var recording in server.Recordings)
        {
            var seen = StrictReader.Requests(recording.Bytes);
            Assert.Null(seen.Doubt);
            Assert.All(seen.Messages, message => Assert.Equal("GET / HTTP/1.1", message.Start));
            if (seen.Rest.Length > 0) Assert.True(await recording.WasReset.WaitAsync(Wire.Limit), "half a request looks like one that goes on, or is whole");
        }
    }
}
