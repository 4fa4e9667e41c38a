using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests.Corpora;

/// <summary>The corpus of odd requests: nothing ambiguous is passed on, and what is passed on has one form.</summary>
public sealed class Http1RequestTests
{
    private const string First = "GET /first HTTP/1.1\r\nhost: a\r\n\r\n", Next = "GET /next HTTP/1.1\r\nhost: a\r\n\r\n",
        Honest = "GET /honest HTTP/1.1\r\nhost: a\r\n\r\n";

    public static TheoryData<string> Names => [.. MessageCorpus.Read(MessageCorpus.Http1Requests).Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_server_sees_what_is_unambiguous_in_one_form_and_nothing_else(string name)
    {
        var odd = MessageCorpus.Find(MessageCorpus.Http1Requests, name);
        using var server = new RecordingServer();
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => ProxyScene.To(server.Endpoint);

        var client = await scene.ConnectAsync();
        await client.SendAsync(First);
        await client.ReadToAsync("ok");
        await client.TrySendAsync(odd.Bytes + Next);
        client.Finish();
        var answers = await client.ReadToEndAsync();
        var honest = await scene.ConnectAsync();
        await honest.SendAsync(Honest + Honest); // the next client's requests are untouched by it
        await honest.ReadToAsync("ok");
        await honest.ReadToAsync("ok");

        await AssertSeenAsync(odd, server);
        AssertAnswered(odd, answers);
    }

    [Fact]
    public void The_corpus_agrees_with_the_strict_reader()
    {
        Assert.All(MessageCorpus.Read(MessageCorpus.Http1Requests), one =>
        {
            var passed = StrictReader.Requests(one.Passed);
            Assert.True(passed.Doubt is null && passed.Rest.Length == 0, $"{one.Name} passes in a form that is in doubt: {passed.Doubt}");
        });
    }

    private static async Task AssertSeenAsync(MessageCase odd, RecordingServer server)
    {
        if (odd.Verdict != CaseVerdict.Cut)
        {
            var next = odd.Verdict == CaseVerdict.Passes ? Next : "";
            Assert.Equal(First + odd.Passed + next + Honest + Honest, string.Concat(server.Recordings.Select(recording => recording.Bytes)));
            return;
        }

        foreach (var recording in server.Recordings)
        {
            var seen = StrictReader.Requests(recording.Bytes);
            Assert.All(seen.Messages, message => Assert.Matches("^GET /(first|honest) ", message.Start));
            Assert.Null(seen.Doubt);
            if (seen.Rest.Length > 0) Assert.True(await recording.WasReset.WaitAsync(Wire.Limit), "half a request looks like one that goes on, or is whole");
        }
    }

    private static void AssertAnswered(MessageCase odd, string answers)
    {
        var passed = StrictReader.Requests(odd.Passed).Messages.Select(message => message.Method).ToList();
        if (odd.Verdict == CaseVerdict.Passes) passed.Add("GET");
        if (odd.Verdict <= CaseVerdict.Cut) passed.Add("?");

        var read = StrictReader.Responses(answers, passed, ended: true);

        Assert.Null(read.Doubt);
        Assert.Equal(passed.Count, read.Messages.Count);
        if (odd.Verdict <= CaseVerdict.Cut) Assert.Contains(int.Parse(read.Messages[0].Start.AsSpan(9, 3)), odd.Statuses);
        else Assert.All(read.Messages, message => Assert.StartsWith("HTTP/1.1 200 ", message.Start));
    }
}
