using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.Hbone.Tests.Tunnels;

/// <summary>A wire that takes nothing while it is shut, as a socket whose buffer is full.</summary>
internal sealed class Valve(Duplex wire) : Duplex
{
    public bool IsShut { get; set; }

    /// <summary>Calls that it refused.</summary>
    public int Refused { get; private set; }

    public override EventLoop Loop => wire.Loop;

    public override bool IsBroken => wire.IsBroken;

    public override IoResult TryReceive(ReadOnlySpan<IoVector> into) => wire.TryReceive(into);

    public override IoResult TrySend(ReadOnlySpan<IoVector> from)
    {
        if (!IsShut) return wire.TrySend(from);
        Refused++;
        return IoResult.WouldBlock;
    }

    public override ValueTask WaitReadableAsync() => wire.WaitReadableAsync();

    public override void EndReadWait() => wire.EndReadWait();

    public override ValueTask WaitWritableAsync() => wire.WaitWritableAsync();

    public override void FinishSending() => wire.FinishSending();

    public override void Abort() => wire.Abort();

    public override void Dispose() => wire.Dispose();
}
