using Ambient.Transport;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>
/// One query and everybody who was asked so far. A slow upstream is not forgotten when the next one is asked: the first
/// answer that helps wins.
/// </summary>
internal sealed class UdpExchange(EventLoop loop, PooledMessage query)
{
    private readonly List<UdpUpstream> _asked = [], _waitingFor = [];
    private TaskCompletionSource? _waiter;
    private LoopTimer? _timer;
    private PooledMessage _answer;

    /// <summary>True once an answer is there that no other upstream could better.</summary>
    public bool IsFinal { get; private set; }

    /// <summary>Everybody who was asked; the owner takes them back at the end.</summary>
    public IReadOnlyList<UdpUpstream> Asked => _asked;

    /// <summary>Counts one more upstream as asked; call before its query is sent.</summary>
    public void Add(UdpUpstream upstream)
    {
        _asked.Add(upstream);
        _waitingFor.Add(upstream);
    }

    /// <summary>Starts the clock for <see cref="WaitAsync"/>; call before the query is sent.</summary>
    public void BeginWait(TimeSpan patience)
    {
        _waiter = new(TaskCreationOptions.RunContinuationsAsynchronously); // its waiter must not run inside of whoever completes it
        _timer = loop.StartTimer(patience, static waiter => ((TaskCompletionSource)waiter!).TrySetResult(), _waiter);
    }

    /// <summary>Completes with the final answer, when nobody is left to wait for, or when patience is at its end.</summary>
    public async ValueTask WaitAsync()
    {
        if (!IsFinal && _waitingFor.Count > 0)
            await _waiter!.Task;
        _timer!.Cancel();
        _waiter = null;
    }

    /// <summary>The best answer so far, empty if there is none; the caller owns it.</summary>
    public PooledMessage TakeAnswer()
    {
        var taken = _answer;
        _answer = default;
        return taken;
    }

    public void Received(UdpUpstream from, ushort id, Span<byte> reply)
    {
        var verdict = IsFinal ? ReplyVerdict.Ignore : new UpstreamReply(query.Span, reply).Judge(id);
        if (verdict == ReplyVerdict.Ignore)
            return;

        DnsHeader.WriteId(reply, DnsHeader.ReadId(query.Span));
        _answer.Dispose();
        _answer = PooledMessage.Copy(reply);
        IsFinal = verdict == ReplyVerdict.Final;
        if (IsFinal)
            _waiter?.TrySetResult();
        else
            Lost(from);
    }

    /// <summary>This upstream will not help; if it was the last one, waiting is over.</summary>
    public void Lost(UdpUpstream upstream)
    {
        if (_waitingFor.Remove(upstream) && _waitingFor is [])
            _waiter?.TrySetResult();
    }
}
