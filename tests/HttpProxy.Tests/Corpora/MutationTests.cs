using System.Text;
using Ambient.HttpProxy.Tests.Scenes;

namespace Ambient.HttpProxy.Tests.Corpora;

/// <summary>The corpus's requests of HTTP/1.1 with bytes changed, left out, doubled and put together anew: what reaches the server is never in doubt.</summary>
/// <remarks>A failure names its seed; the same seed makes the same bytes.</remarks>
public sealed class MutationTests
{
    private const int Batches = 12, InBatch = 50, MostChanges = 4;

    private static readonly string[] Pieces =
    [
        "\r\n", "\n", "\r", " ", "\t", "\0", ":", ",", ";", "0", "\r\n\r\n", "0\r\n\r\n", "\u000b", "\u00ff", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
        "Host: b\r\n", "Connection: close\r\n", "Expect: 100-continue\r\n", " HTTP/1.1\r\n", "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    ];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, Batches)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Nothing_in_doubt_reaches_the_server(int seed)
    {
        var random = new Random(seed);
        var cases = MessageCorpus.Read(MessageCorpus.Http1Requests);
        using var server = new RecordingServer();
        await using var scene = await ProxyScene.StartAsync(new() { LingerTimeout = TimeSpan.FromMilliseconds(50) });
        scene.Decide = _ => ProxyScene.To(server.Endpoint);

        for (var i = 0; i < InBatch; i++)
        {
            var odd = Mutated(cases[random.Next(cases.Count)].Bytes, cases, random);
            using var client = await scene.ConnectAsync();
            await client.TrySendAsync(odd);
            client.Finish();
            var (answers, _) = await client.ReadUntilOverAsync();

            foreach (var recording in server.Recordings)
            {
                var seen = StrictReader.Requests(recording.Bytes);
                Assert.True(seen.Doubt is null, $"seed {seed}, message {i}: {seen.Doubt}\nsent {Show(odd)}\nseen {Show(recording.Bytes)}\nanswered {Show(answers)}");
            }
        }

        Assert.NotEmpty(server.Recordings); // else nothing was tried
    }

    private static string Mutated(string bytes, IReadOnlyList<MessageCase> cases, Random random)
    {
        var text = new StringBuilder(bytes);
        for (var change = random.Next(MostChanges) + 1; change > 0; change--)
        {
            var at = random.Next(text.Length + 1);
            switch (random.Next(5))
            {
                case 0 when at < text.Length: text[at] = (char)random.Next(256); break;
                case 1 when at < text.Length: text.Remove(at, Math.Min(random.Next(1, 8), text.Length - at)); break;
                case 2 when at < text.Length: text.Insert(at, text.ToString(at, Math.Min(random.Next(1, 40), text.Length - at))); break;
                case 3: text.Insert(at, Pieces[random.Next(Pieces.Length)]); break;
                default: text.Append(cases[random.Next(cases.Count)].Bytes); break;
            }
        }

        return text.ToString();
    }

    private static string Show(string bytes) => string.Concat(bytes.Take(600).Select(b => b is >= ' ' and <= '~' ? $"{b}" : b switch { '\r' => "\\r", '\n' => "\\n", _ => $"\\x{(int)b:x2}" }));
}
