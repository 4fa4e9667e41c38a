using System.Diagnostics.CodeAnalysis;

namespace Ambient.Transport;

/// <summary>How one attempt to receive or send went.</summary>
public enum IoStatus : byte
{
    /// <summary>Bytes were moved.</summary>
    Done,

    /// <summary>Nothing can be moved now; wait for readiness.</summary>
    WouldBlock,

    /// <summary>The peer finished sending (FIN, END_STREAM) and everything before it was received.</summary>
    End,

    /// <summary>The peer reset the connection (RST, RST_STREAM).</summary>
    Reset,

    /// <summary>Unusable for another reason: closed or aborted by us, or failed in the network.</summary>
    Broken,
}

/// <summary>The result of one attempt to receive or send; expected endings are values.</summary>
/// <param name="Bytes">Moved; 0 unless <see cref="IoStatus.Done"/>.</param>
/// <param name="Errno">The kernel's reason for Reset and Broken, 0 if there is none.</param>
[SuppressMessage("Naming", "CA1720", Justification = "errno is the term")]
public readonly record struct IoResult(IoStatus Status, int Bytes = 0, int Errno = 0)
{
    public static readonly IoResult WouldBlock = new(IoStatus.WouldBlock);
    public static readonly IoResult End = new(IoStatus.End);

    public static IoResult Done(int bytes) => new(IoStatus.Done, bytes);
}
