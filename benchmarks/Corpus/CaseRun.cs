using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.HttpCases;

namespace Ambient.Corpus;

/// <summary>One case against one proxy: what comes out at its other side.</summary>
internal static class CaseRun
{
    // What a proxy still waits for after that long it does not get.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(120), Limit = TimeSpan.FromMilliseconds(1500);

    public static async Task<Outcome> OfAsync(MessageCase one, Contender proxy) => one.Group switch
    {
        MessageCorpus.Http1Requests => await OfRequestAsync(proxy.Http1, one.Bytes, proxy.Server),
        MessageCorpus.Http2Requests => await OfRequestAsync(proxy.Http2, Frames.Preface + Frames.Settings() + CaseFrames.OfRequest(one, stream: 1), proxy.Server),
        MessageCorpus.Http1Responses => await OfResponseAsync(one, proxy),
        _ => throw new ArgumentException($"{one.Group} is not run against others.", nameof(one)),
    };

    private static async Task<Outcome> OfRequestAsync(IPEndPoint to, string bytes, RecordingServer server)
    {
        server.Forget();
        await ExchangeAsync(to, bytes);
        var worst = new Outcome(OutcomeKind.Refused);
        foreach (var recording in server.Recordings)
        {
            var seen = StrictReader.Requests(recording.Bytes);
            var outcome = seen.Doubt is { } doubt ? new Outcome(OutcomeKind.Doubtful, doubt)
                : seen.Rest.Length > 0 ? new(recording.WasReset.IsCompleted ? OutcomeKind.Cut : OutcomeKind.Waits)
                : new(seen.Messages.Count > 0 ? OutcomeKind.Clear : OutcomeKind.Refused);
            if (outcome.Kind > worst.Kind) worst = outcome;
        }

        return worst;
    }

    private static async Task<Outcome> OfResponseAsync(MessageCase one, Contender proxy)
    {
        var (method, ends, odd) = (one.Lines[0].Split(' ')[0], one.Lines[0].EndsWith(" ends", StringComparison.Ordinal), string.Concat(one.Lines.Skip(1)));
        proxy.Server.Answer = request => request.Start.Contains("/next", StringComparison.Ordinal) ? ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext", false) : (odd, ends);
        var (answer, ended) = await ExchangeAsync(proxy.Http1, $"{method} /odd HTTP/1.1\r\nHost: a\r\n\r\n");
        var (next, _) = await ExchangeAsync(proxy.Http1, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        if (next.Contains("poison", StringComparison.Ordinal)) return new(OutcomeKind.Poisoned);

        var read = StrictReader.Responses(answer, [method], ended);
        if (read.Doubt is { } doubt) return new(OutcomeKind.Doubtful, doubt);
        if (read.Messages.Count == 0) return new(answer.Length == 0 ? OutcomeKind.Refused : ended ? OutcomeKind.Cut : OutcomeKind.Waits);
        return new(read.Messages[^1].Start.Split(' ')[1][0] == '5' ? OutcomeKind.Refused : OutcomeKind.Clear);
    }

    /// <returns>All that came, and whether the proxy finished in good order.</returns>
    private static async Task<(string Answer, bool Ended)> ExchangeAsync(IPEndPoint to, string bytes)
    {
        using var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var limit = new CancellationTokenSource(Limit);
        var (answer, buffer) = (new StringBuilder(), new byte[64 * 1024]);
        try
        {
            await socket.ConnectAsync(to, limit.Token);
            await socket.SendAsync(Encoding.Latin1.GetBytes(bytes), limit.Token);
            while (true)
            {
                var count = await socket.ReceiveAsync(buffer, limit.Token);
                if (count == 0) return (answer.ToString(), true);
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
                limit.CancelAfter(Quiet); // the rest of the answer, and what goes to the server behind it
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return (answer.ToString(), false);
        }
    }
}
