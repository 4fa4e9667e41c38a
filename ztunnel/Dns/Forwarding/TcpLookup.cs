using Ambient.Transport;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>Asks one question over TCP on our own behalf: its answer had no room in a datagram. Belongs to one loop.</summary>
internal sealed class TcpLookup : ITcpClient, IDisposable
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly TcpForwarder _forwarder;
    private readonly LoopTimer _check;
    private readonly TaskCompletionSource<ForwardFailure?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PooledMessage _answer;

    public TcpLookup(EventLoop loop, UpstreamOrder order, UpstreamSocketFactory sockets)
    {
        _forwarder = new(loop, order, sockets, this);
        _check = new(loop, static lookup => ((TcpLookup)lookup!).Check(), this);
    }

    /// <param name="query">Taken over.</param>
    public async ValueTask<ForwardResult> AskAsync(TcpQuery query)
    {
        _check.Start(CheckInterval);
        _forwarder.Forward(query);
        var failure = await _ended.Task;
        return new(_answer, failure);
    }

    public void Dispose()
    {
        _check.Cancel();
        _forwarder.Dispose();
    }

    void ITcpClient.Relay(ReadOnlySpan<byte> message) => _answer = PooledMessage.Copy(message);

    Task ITcpClient.WaitForRoomAsync() => Task.CompletedTask;

    void ITcpClient.Ended(TcpQuery query, ForwardFailure? failure) => _ended.TrySetResult(failure);

    void ITcpClient.Close()
    {
        // Only transfers are answered by many messages.
    }

    private void Check()
    {
        _forwarder.Expire();
        _check.Start(CheckInterval);
    }
}
