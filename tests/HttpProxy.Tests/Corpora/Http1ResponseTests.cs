using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Tests.Corpora;

/// <summary>The corpus of odd responses: a client gets what is unambiguous in one form, and nobody gets what was behind it.</summary>
public sealed class Http1ResponseTests
{
    private static readonly RoutePlan NoRetries = new() { Retries = RetryPolicy.None };

    public static TheoryData<string> Names => [.. MessageCorpus.Read(MessageCorpus.Http1Responses).Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_client_gets_what_is_unambiguous_in_one_form_and_the_next_client_its_own(string name)
    {
        var odd = MessageCorpus.Find(MessageCorpus.Http1Responses, name);
        var method = odd.Lines[0].Split(' ')[0];
        using var server = new RecordingServer
        {
            Answer = request => request.Start.Contains("/next") ? ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext", false) : (string.Concat(odd.Lines.Skip(1)), odd.Lines[0].EndsWith(" ends")),
        };
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => ProxyScene.To(server.Endpoint, NoRetries);

        var client = await scene.ConnectAsync();
        await client.SendAsync($"{method} / HTTP/1.1\r\nhost: a\r\n\r\n");
        client.Finish();
        var (answer, wasReset) = await client.ReadUntilOverAsync();
        var other = await scene.ConnectAsync();
        await other.SendAsync("GET /next HTTP/1.1\r\nhost: a\r\n\r\n");

        Assert.Equal("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n", await other.ReadHeadAsync());
        Assert.Equal("next", await other.ReadAsync(4));
        AssertGot(odd, method, answer, wasReset);
        if (odd.Verdict <= CaseVerdict.Cut) Assert.Equal(2, server.Recordings.Count); // it is not asked again on that connection
    }

    [Fact]
    public async Task Interim_responses_have_a_limit()
    {
        const string hint = "HTTP/1.1 103 \r\n\r\n";
        using var server = new RecordingServer { Answer = _ => (string.Concat(Enumerable.Repeat(hint, 1000)), false) };
        await using var scene = await ProxyScene.StartAsync();
        scene.Decide = _ => ProxyScene.To(server.Endpoint, NoRetries);
        var client = await scene.ConnectAsync();

        await client.SendAsync("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        client.Finish();
        var (answer, _) = await client.ReadUntilOverAsync();

        Assert.Equal(32, answer.Split(hint).Length - 1);
        Assert.Contains("HTTP/1.1 502 ", answer);
    }

    internal static void AssertGot(MessageCase odd, string method, string answer, bool wasReset)
    {
        if (odd.Verdict == CaseVerdict.Passes)
        {
            Assert.Equal(odd.Passed, answer);
            Assert.Null(StrictReader.Responses(answer, [method], ended: true).Doubt);
        }

        var read = StrictReader.Responses(answer, [method], ended: !wasReset);
        Assert.Null(read.Doubt);
        if (odd.Verdict == CaseVerdict.Refused) Assert.Contains(int.Parse(Assert.Single(read.Messages).Start.AsSpan(9, 3)), odd.Statuses);
        if (odd.Verdict != CaseVerdict.Cut) Assert.False(wasReset);
        else Assert.True(wasReset ? read.Messages.All(message => message.Start.StartsWith("HTTP/1.1 1")) : read.Messages[^1].Start.StartsWith("HTTP/1.1 50"), $"looks whole: {answer}");
    }
}
