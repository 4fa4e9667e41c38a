using Ambient.Grpc;
using Ambient.Protos.Xds;

namespace Ambient.Xds.Server;

/// <summary>One client's stream: takes its subscriptions and keeps it up to date.</summary>
/// <remarks>
/// At most one response of each type is unacknowledged. Changes meanwhile cost nothing: they are found in the table's order of changes
/// when the client is ready for them, each resource once and in its latest version. So a slow client holds no memory but its subscriptions,
/// and a response of each type at most: one that waits until what it may name has been sent (<see cref="Outbox"/>).
/// </remarks>
public sealed class DeltaSession
{
    private const int MaxRejectionText = 2048;

    private readonly Lock _gate = new();
    private readonly IDeltaStream _stream;
    private readonly SessionOptions _options;
    private readonly ISessionJournal _journal;
    private readonly Subscription[] _subscriptions;
    private readonly Outbox _outbox;
    private readonly Queue<string> _rejections = [];
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Func<Node, IReadOnlyList<string>> _admit;
    private IReadOnlyList<string> _ambientKeys = [];
    private Node? _node;

    /// <param name="views">In the order in which their changes are sent: what is in one table may name what is in those before it, and is
    /// not sent before that, to a client that asked for both.</param>
    /// <param name="admit">Called with the client's node before anything is answered: returns the keys that it is subscribed to in any
    /// case, or throws <see cref="RpcException"/> to refuse it.</param>
    public DeltaSession(IDeltaStream stream, IReadOnlyList<ResourceView> views, SessionOptions options,
        Func<Node, IReadOnlyList<string>> admit, ISessionJournal journal)
    {
        (_stream, _options, _admit, _journal) = (stream, options, admit, journal);
        _subscriptions = [.. views.Select(view => new Subscription(view, options))];
        _outbox = new(_subscriptions);
    }

    /// <summary>The client's own name; empty until its first request.</summary>
    public string Client { get { lock (_gate) return _node?.Id ?? ""; } }

    /// <summary>Runs until the client ends the stream, or <paramref name="retire"/> has fired and the response that was under way is sent.</summary>
    /// <exception cref="RpcException">The session ends with this status.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired, perhaps within a response, or the client went away.</exception>
    public async Task RunAsync(CancellationToken stop, CancellationToken retire = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var reading = ReadAsync(either);
        var writing = WriteAsync(either, retire);
        var first = await Task.WhenAny(reading, writing);
        await either.CancelAsync();
        try { await Task.WhenAll(reading, writing); }
        catch (OperationCanceledException) when (first.IsCompletedSuccessfully && !stop.IsCancellationRequested) { }
        catch (Exception) when (first.IsFaulted)
        {
            await first; // the cause, not what it brought about in the other
        }
    }

    /// <summary>There may be something to send. Never blocks; thread-safe.</summary>
    public void Wake()
    {
        lock (_gate)
            if (_wake.CurrentCount == 0) _wake.Release();
    }

    public SessionStatus Describe()
    {
        lock (_gate)
        {
            return new(_node?.Id ?? "", [.. _subscriptions.Select(static subscription => new SubscriptionStatus(subscription.View.TypeUrl, subscription.IsWildcard,
                subscription.KeyCount, subscription.SentCount, subscription.View.Table.Sequence - subscription.Position, subscription.Pending is not null))], [.. _rejections]);
        }
    }

    private async Task ReadAsync(CancellationTokenSource end)
    {
        while (await _stream.ReadAsync(end.Token) is { } request)
        {
            Take(request);
            Wake();
        }
    }

    private void Take(DeltaDiscoveryRequest request)
    {
        lock (_gate)
        {
            if (_node is null)
            {
                var node = request.Node ?? throw new RpcException(StatusCode.InvalidArgument, "The first request of a stream must name its node.");
                _ambientKeys = _admit(node);
                _node = node;
            }
            var subscription = Array.Find(_subscriptions, subscription => subscription.View.TypeUrl == request.TypeUrl);
            if (subscription is null) return; // a type that nobody here can answer; the client goes on with the others
            if (request.ErrorDetail is { } error) Reject(subscription, request, error);
            else if (request.ResponseNonce.Length > 0 && request.ResponseNonce == subscription.Pending)
                _journal.Acknowledged(request.TypeUrl, subscription.PendingFrom);
            subscription.Receive(request, request.Node ?? _node, _ambientKeys);
        }
    }

    private void Reject(Subscription subscription, DeltaDiscoveryRequest request, Status error)
    {
        if (request.ResponseNonce != subscription.Pending) return;
        _journal.Rejected(request.TypeUrl, _node!.Id, error.Message);
        var text = error.Message.Length <= MaxRejectionText ? error.Message : error.Message[..MaxRejectionText] + "...";
        _rejections.Enqueue($"{request.TypeUrl}: {text}");
        if (_rejections.Count > _options.MaxRejections) _rejections.Dequeue();
    }

    private async Task WriteAsync(CancellationTokenSource end, CancellationToken retire)
    {
        await using var retiring = retire.UnsafeRegister(static self => ((DeltaSession)self!).Wake(), this);
        while (true)
        {
            await _wake.WaitAsync(end.Token);
            lock (_gate) _outbox.Fill();
            while (!retire.IsCancellationRequested && TakeNext() is var (view, response))
            {
                await _stream.WriteAsync(response.Bytes, end.Token);
                _journal.Sent(view.TypeUrl, response.Bytes.Length, response.From);
            }
            if (retire.IsCancellationRequested) return;
        }
    }

    private (ResourceView View, PreparedResponse Response)? TakeNext()
    {
        lock (_gate) return _outbox.Take();
    }
}
