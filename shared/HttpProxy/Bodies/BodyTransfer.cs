using System.Runtime.CompilerServices;
using Ambient.HttpProxy.Resilience;
using Ambient.Transport;

namespace Ambient.HttpProxy.Bodies;

/// <summary>How the transfer of a body ended.</summary>
internal enum TransferEnd : byte
{
    Complete,

    /// <summary>The sender closed, reset or broke off before the body was whole.</summary>
    SourceEnded,

    /// <summary>The body is not framed as it must be; see <see cref="IBodySource.Error"/>.</summary>
    SourceRefused,

    /// <summary>The receiver takes no more.</summary>
    SinkEnded,

    /// <summary><see cref="BodyTransfer.Stop"/> was called.</summary>
    Stopped,
}

/// <summary>Moves one body at a time from one side to the other. Reusable; on the loop only.</summary>
/// <remarks>Holds nothing itself but what is <paramref name="kept"/>: the sender is read only as fast as the receiver takes. What is there is passed on before more is
/// waited for, so that streamed answers do not lag.</remarks>
/// <param name="sends">Told while the sender is waited for; null if that is not the client.</param>
/// <param name="takes">Told while the receiver is waited for; null if that is not the client.</param>
/// <param name="kept">Where a short rest waits for the receiver, to be cleared by its owner; null if it waits at its sender.</param>
/// <param name="taken">Called once the sender is done with, which may be long before the receiver has all, or twice.</param>
internal sealed class BodyTransfer(EventLoop loop, ClientWait? sends = null, ClientWait? takes = null, KeptBody? kept = null, Action? taken = null)
{
    private const int RoundsPerTurn = 16; // some hundred KiB, then others have their turn

    private IBodySource? _source;
    private bool _stopped;

    /// <param name="to">May hold the head already; it is sent together with the beginning of the body.</param>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public async ValueTask<TransferEnd> RunAsync(IBodySource from, IBodySink to)
    {
        kept?.Begin(from);
        (_source, _stopped) = (from = kept ?? from, false);
        for (var round = 1; ; round++)
        {
            var moved = from.MoveTo(to);
            if (moved == MoveEnd.Refused) return TransferEnd.SourceRefused;
            if (moved == MoveEnd.Ended) return TransferEnd.SourceEnded;
            if (moved == MoveEnd.Complete)
            {
                to.End(from.Trailers);
                taken?.Invoke();
            }

            var flush = FlushAsync(to, moved);
            var waits = !flush.IsCompleted; // meanwhile more may come, of which nobody is told again
            if (!await flush.ConfigureAwait(false)) return TransferEnd.SinkEnded;
            if (moved == MoveEnd.Complete) return TransferEnd.Complete;
            if (moved == MoveEnd.Empty && !waits && !_stopped)
            {
                sends?.Begin();
                await from.WaitAsync().ConfigureAwait(false);
                sends?.End();
            }

            if (round % RoundsPerTurn == 0) await loop.Yield();
            if (_stopped) return TransferEnd.Stopped;
        }
    }

    /// <summary>Has it look at its sender and flush its receiver, where it waits for its sender.</summary>
    public void Nudge() => _source?.EndWait();

    /// <summary>Ends the transfer where it waits for its sender. Where it waits for its receiver, the receiver has to be ended.</summary>
    public void Stop()
    {
        _stopped = true;
        _source?.EndWait();
    }

    private ValueTask<bool> FlushAsync(IBodySink to, MoveEnd moved)
    {
        var flush = to.FlushAsync(untilRoom: moved == MoveEnd.Full);
        return flush.IsCompleted ? flush : WaitAsync(flush, keeps: moved != MoveEnd.Complete && kept is { IsWorthKeeping: true });
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<bool> WaitAsync(ValueTask<bool> flush, bool keeps)
    {
        takes?.Begin();
        var keeping = keeps ? kept!.KeepAsync(taken) : default;
        var isTaken = await flush.ConfigureAwait(false);
        if (!keeping.IsCompleted) kept!.CatchUp();
        await keeping.ConfigureAwait(false);
        takes?.End();
        return isTaken;
    }
}
