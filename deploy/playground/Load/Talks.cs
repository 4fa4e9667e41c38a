using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ambient.Lab.Network;
using Ambient.Playground.Kubelet.Networking;

namespace Ambient.Playground.Load;

/// <summary>Long conversations of callers in a pod: so many at once, each followed by the next. Every other one has an end of its own, the others go on until they are told.</summary>
public sealed class Talks : IAsyncDisposable
{
    private const int Short = 30, Endless = 1_000_000;

    private readonly HttpMessageInvoker _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<TalkOutcome> _outcomes = [];
    private readonly Task _running;
    private int _open;

    private Talks(IPod from, IPEndPoint http, IPEndPoint grpc, int calls, int sockets)
    {
        _client = ClientIn(from);
        _running = Task.WhenAll(
        [
            .. Enumerable.Range(0, calls).Select(one => RepeatAsync(messages => new GrpcTalk(_client, grpc, isDuplex: one % 4 < 2).RunAsync(messages, _stop.Token), LengthOf(one))),
            .. Enumerable.Range(0, sockets).Select(one => RepeatAsync(async messages => await new WebSocketTalk(_client, http).RunAsync(messages, _stop.Token), LengthOf(one))),
        ]);
    }

    /// <summary>How those ended that have ended.</summary>
    public IReadOnlyCollection<TalkOutcome> Outcomes => _outcomes;

    /// <summary>Under way now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>That broke off, each in words.</summary>
    public IReadOnlyList<string> Cuts => [.. _outcomes.Where(static one => one.End == TalkEnd.Cut).Select(static one => $"{one.Kind}: {one.Detail}")];

    /// <param name="http">Of the service, for WebSockets.</param>
    /// <param name="grpc">The same over HTTP/2.</param>
    /// <param name="calls">Of gRPC: half of them in both directions.</param>
    public static Talks Start(IPod from, IPEndPoint http, IPEndPoint grpc, int calls, int sockets) => new(from, http, grpc, calls, sockets);

    /// <summary>Begins no more, has those that are open end in good order, and waits for them.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <summary>A line for each kind.</summary>
    public IEnumerable<string> Summary() => _outcomes.GroupBy(static one => one.Kind).OrderBy(static kind => kind.Key).Select(static kind =>
        $"{kind.Key}: {kind.Count(static one => one.End == TalkEnd.Completed)} completed, {kind.Count(static one => one.End == TalkEnd.Told)} told to go, "
        + $"{kind.Count(static one => one.End == TalkEnd.Cut)} cut; {kind.Sum(static one => (long)one.Messages)} messages");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _client.Dispose();
        _stop.Dispose();
    }

    private static int LengthOf(int one) => one % 2 == 0 ? Short : Endless;

    private async Task RepeatAsync(Func<int, Task<TalkOutcome?>> talk, int messages)
    {
        while (!_stop.IsCancellationRequested)
        {
            Interlocked.Increment(ref _open);
            var outcome = await talk(messages);
            Interlocked.Decrement(ref _open);
            if (outcome is null) continue;
            _outcomes.Enqueue(outcome);
            if (outcome.End == TalkEnd.Cut) await Task.Delay(TalkApplication.Pace, TimeProvider.System);
        }
    }

    private static HttpMessageInvoker ClientIn(IPod from)
    {
        var sockets = new NamespaceSockets(from.NamespacePath);
        return new(new SocketsHttpHandler
        {
            UseProxy = false,
            EnableMultipleHttp2Connections = true,
            ConnectCallback = async (context, cancelled) =>
                new NetworkStream(await sockets.ConnectAsync(new(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port), cancelled), ownsSocket: true),
        });
    }
}
