using Ambient.Linux;

namespace Ambient.Transport;

/// <summary>A two-way byte stream that belongs to one event loop; everything here is called on that loop only.</summary>
/// <remarks>Try first, wait after: <c>Try…</c> never blocks and allocates nothing, and so do the waits.</remarks>
public abstract class Duplex : IDisposable
{
    public abstract EventLoop Loop { get; }

    /// <summary>The peer reset the stream, it failed, or we aborted or disposed it; also known while nobody reads.</summary>
    /// <remarks>What was received before a reset can still be read.</remarks>
    public abstract bool IsBroken { get; }

    /// <summary>Told once when the stream breaks other than by Dispose, on the loop. One watcher at a time; the relay that carries the stream sets it.</summary>
    public IBreakWatcher? BreakWatcher { get; set; }

    /// <summary>Receives what is there, up to the room given (at least one byte).</summary>
    public abstract IoResult TryReceive(ReadOnlySpan<IoVector> into);

    /// <summary>Sends what can be taken, maybe less than given (at least one byte).</summary>
    public abstract IoResult TrySend(ReadOnlySpan<IoVector> from);

    /// <summary>False if <see cref="TryReceive"/> would surely say WouldBlock: saves preparing room for it.</summary>
    public virtual bool MayReceive => true;

    /// <summary>Completes when receiving would give something else than WouldBlock: bytes, the end, a break. One waiter at a time.</summary>
    public abstract ValueTask WaitReadableAsync();

    /// <summary>Ends the wait for reading under way, if there is one, though nothing may have come: whoever takes the stream over waits anew.</summary>
    public abstract void EndReadWait();

    /// <summary>Completes when sending would give something else than WouldBlock. One waiter at a time.</summary>
    public abstract ValueTask WaitWritableAsync();

    /// <summary>Tells the peer that no more bytes come (FIN, END_STREAM), after what was sent. Receiving goes on. Idempotent.</summary>
    public abstract void FinishSending();

    /// <summary>Resets both directions (RST, RST_STREAM), dropping what is on its way, and wakes both waiters. Idempotent.</summary>
    public abstract void Abort();

    /// <summary>Frees the stream; if the peer has not ended it, like closing a socket would.</summary>
    public abstract void Dispose();

    /// <summary>A descriptor is open for this stream alone.</summary>
    public virtual bool HoldsDescriptor => false;

    /// <summary>The stream has received bytes in memory of its own, lent through <see cref="Held"/>.</summary>
    public virtual bool HoldsBytes => false;

    /// <summary>What was received and not consumed. The pieces are valid until <see cref="Consume"/> or the next await.</summary>
    public virtual ReadOnlySpan<IoVector> Held => default;

    /// <summary>Gives back the first <paramref name="bytes"/> of <see cref="Held"/>.</summary>
    public virtual void Consume(int bytes) => throw new NotSupportedException($"{GetType().Name} holds no bytes.");

    /// <summary>The stream offers its own memory to be filled in place.</summary>
    public virtual bool LendsSpace => false;

    /// <summary>Lends room to be filled and then committed before anything else is done with the stream.</summary>
    /// <param name="wanted">At most this many bytes are useful; more or less may be lent.</param>
    /// <returns>Done with at least one byte of room, or why there is none.</returns>
    public virtual IoResult Reserve(int wanted, out ReadOnlySpan<IoVector> space) =>
        throw new NotSupportedException($"{GetType().Name} lends no space.");

    /// <summary>Sends the first <paramref name="bytes"/> of what <see cref="Reserve"/> lent; 0 gives it back unused.</summary>
    public virtual void Commit(int bytes) => throw new NotSupportedException($"{GetType().Name} lends no space.");

    /// <summary>For implementations: call once when the stream breaks, after the waiters were woken.</summary>
    protected void NotifyBroken() => BreakWatcher?.Broken(this);
}

/// <summary>Learns that a stream broke while nobody was reading from or writing to it.</summary>
public interface IBreakWatcher
{
    /// <summary>Called on the stream's loop, once.</summary>
    void Broken(Duplex stream);
}
