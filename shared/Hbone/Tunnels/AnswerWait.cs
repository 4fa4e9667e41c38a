using Ambient.Transport;

namespace Ambient.Hbone.Tunnels;

/// <summary>
/// The limits of waiting for the answer to a CONNECT. An application may be slow to accept; a peer that is there answers PING. So
/// halfway through the time that it may be silent it is asked, and given up if nothing came by the end of it.
/// </summary>
internal sealed class AnswerWait
{
    private readonly HboneStream _stream;
    private readonly TimeSpan _limit;
    private readonly TimeSpan? _silence;
    private readonly uint _received;
    private readonly LoopTimer _timer;
    private Stage _stage;

    private enum Stage : byte { Unasked, Asked, Alive }

    public AnswerWait(HboneStream stream, TimeSpan limit, TimeSpan? silence)
    {
        (_stream, _limit, _silence, _received) = (stream, limit, silence, stream.Tunnel.ReceivedBatches);
        _stage = silence is null ? Stage.Alive : Stage.Unasked;
        _timer = stream.Loop.StartTimer(silence / 2 ?? limit, static wait => ((AnswerWait)wait!).TimePassed(), this);
    }

    public void End() => _timer.Cancel();

    private void TimePassed()
    {
        if (_stage != Stage.Alive && _stream.Tunnel.ReceivedBatches != _received)
        {
            _stage = Stage.Alive;
            _timer.Start(_limit - _silence!.Value / 2);
        }
        else if (_stage == Stage.Unasked)
        {
            _stage = Stage.Asked;
            _stream.Tunnel.Ping();
            _timer.Start(_silence!.Value / 2);
        }
        else _stream.TimeOut();
    }
}
