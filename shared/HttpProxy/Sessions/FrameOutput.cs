using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.HttpProxy.Sessions;

/// <summary>Frames on their way out of one connection, sent with as few calls as possible. Holds slabs only while bytes wait. On the loop only.</summary>
internal sealed class FrameOutput(Duplex wire)
{
    private const int MostVectors = 16;

    private readonly SlabQueue _waiting = new();

    /// <summary>Bytes that wait.</summary>
    public int Length => _waiting.Length;

    /// <summary>Bytes that the wire took since the beginning.</summary>
    public long Sent { get; private set; }

    /// <summary>The wire took less than it was offered: the rest waits for it.</summary>
    public bool IsBlocked { get; private set; }

    public void Write(ReadOnlySpan<byte> bytes) => _waiting.Append(bytes, wire.Loop.Slabs);

    /// <summary>Offers all that waits to the wire.</summary>
    /// <returns>False if the wire is broken.</returns>
    public bool Flush()
    {
        Span<IoVector> vectors = stackalloc IoVector[MostVectors];
        IsBlocked = false;
        while (_waiting.Length > 0)
        {
            var result = wire.TrySend(vectors[.._waiting.Vectors(vectors)]);
            if (result.Status == IoStatus.Done)
            {
                Sent += result.Bytes;
                _waiting.Consume(result.Bytes, wire.Loop.Slabs);
                continue;
            }

            IsBlocked = result.Status == IoStatus.WouldBlock;
            return IsBlocked;
        }

        return true;
    }

    public void Release() => _waiting.Clear(wire.Loop.Slabs);
}
