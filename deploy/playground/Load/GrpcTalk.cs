using System.Net;

namespace Ambient.Playground.Load;

/// <summary>One call of gRPC that lasts: numbers come without being asked again, or each comes back as it was sent.</summary>
/// <param name="client">Opens its connections in the caller's pod.</param>
internal sealed class GrpcTalk(HttpMessageInvoker client, IPEndPoint service, bool isDuplex)
{
    private const string Unavailable = "14";

    private readonly byte[] _message = new byte[TalkMessage.Length];
    private int _received;

    public string Kind => isDuplex ? "gRPC, both ways" : "gRPC, from the server";

    /// <param name="messages">After which it is over.</param>
    /// <param name="stop">Ends the call early: in good order where the client has a say, else by breaking off what it does not count.</param>
    /// <returns>Null if it was broken off for <paramref name="stop"/>.</returns>
    public async Task<TalkOutcome?> RunAsync(int messages, CancellationToken stop)
    {
        using var body = new GrowingContent();
        using var cancelled = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"http://{service}{(isDuplex ? TalkApplication.Echo : TalkApplication.Watch)}"))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = body,
        };
        request.Headers.TE.ParseAdd("trailers");
        using var stopping = stop.Register(isDuplex ? static () => { } : cancelled.Cancel);
        var sending = Task.CompletedTask;
        try
        {
            if (isDuplex) sending = SendAsync(body, messages, stop);
            else sending = AskAsync(body, messages);
            using var response = await client.SendAsync(request, cancelled.Token);
            await ReceiveAsync(await response.Content.ReadAsStreamAsync(cancelled.Token), cancelled.Token);
            return Outcome(response, messages, stop);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException)
        {
            return cancelled.IsCancellationRequested ? null : new(Kind, TalkEnd.Cut, _received, $"{broken.Message} {broken.InnerException?.Message}");
        }
        finally
        {
            body.End();
            await sending;
        }
    }

    private async Task AskAsync(GrowingContent body, int messages)
    {
        var message = new byte[TalkMessage.Length];
        TalkMessage.Write(messages, message);
        await body.TryWriteAsync(message);
        body.End();
    }

    private static async Task SendAsync(GrowingContent body, int messages, CancellationToken stop)
    {
        var message = new byte[TalkMessage.Length];
        for (var number = 0; number < messages && !stop.IsCancellationRequested; number++)
        {
            TalkMessage.Write(number, message);
            if (!await body.TryWriteAsync(message)) return;
            await Task.Delay(TalkApplication.Pace, TimeProvider.System, CancellationToken.None);
        }
        body.End();
    }

    private async Task ReceiveAsync(Stream stream, CancellationToken cancelled)
    {
        while (await stream.ReadAtLeastAsync(_message, _message.Length, throwOnEndOfStream: false, cancelled) is var got and > 0)
        {
            if (got < _message.Length) throw new IOException($"a message of {got} bytes");
            if (TalkMessage.Read(_message) != _received) throw new IOException($"message {TalkMessage.Read(_message)} came for {_received}");
            _received++;
        }
    }

    private TalkOutcome Outcome(HttpResponseMessage response, int messages, CancellationToken stop)
    {
        var status = Status(response.TrailingHeaders) ?? Status(response.Headers) ?? "none";
        if (status == Unavailable) return new(Kind, TalkEnd.Told, _received);
        return status == "0" && (_received == messages || stop.IsCancellationRequested) ? new(Kind, TalkEnd.Completed, _received)
            : new(Kind, TalkEnd.Cut, _received, $"{(int)response.StatusCode} with grpc-status {status} after {_received} of {messages} messages");
    }

    private static string? Status(System.Net.Http.Headers.HttpResponseHeaders fields) => fields.TryGetValues("grpc-status", out var values) ? values.First() : null;
}
