using System.Buffers;
using System.Runtime.CompilerServices;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.HttpProxy.Buffers;
using Ambient.Transport;

namespace Ambient.HttpProxy.Exchanges;

/// <summary>How the transfer of a body ended.</summary>
internal enum TransferEnd : byte
{
    Complete,

    /// <summary>The sender closed, reset or broke off before the body was whole.</summary>
    SourceEnded,

    /// <summary>The body is not framed as it must be; see <see cref="BodyTransfer.Error"/>.</summary>
    SourceRefused,

    /// <summary>The receiver takes no more.</summary>
    SinkEnded,
}

/// <summary>Moves one body at a time from a stream to another, and changes its framing on the way. Reusable; on the loop only.</summary>
/// <remarks>Holds at most the two buffers' slabs: the sender is read only as fast as the receiver takes. What is there is passed on
/// before more is waited for, so that streamed answers do not lag.</remarks>
internal sealed class BodyTransfer(Http1Limits limits)
{
    private const int ChunkOverhead = 16; // the size line and the line end around a chunk

    private readonly BodyReader _reader = new(limits);

    private enum Step : byte { Empty, Full, Complete, Refused }

    public Http1Error Error => _reader.Error;

    /// <param name="to">May hold the head already; it is sent together with the beginning of the body.</param>
    /// <param name="read">How the sender delimits the body.</param>
    /// <param name="written">How the receiver is told its end.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<TransferEnd> RunAsync(ReceiveBuffer from, SendBuffer to, BodyFraming read, BodyFraming written)
    {
        _reader.Begin(read);
        while (true)
        {
            var step = Move(from, to, written);
            if (step == Step.Refused) return TransferEnd.SourceRefused;
            if (step == Step.Complete) End(to, written);
            if ((await to.FlushAsync().ConfigureAwait(false)).Status != IoStatus.Done) return TransferEnd.SinkEnded;
            if (step == Step.Complete) return TransferEnd.Complete;
            if (step == Step.Full) continue;

            var received = await from.ReceiveAsync().ConfigureAwait(false);
            if (received.Status == IoStatus.Done) continue;
            if (received.Status != IoStatus.End || read.Kind != BodyKind.UntilClose) return TransferEnd.SourceEnded;
            End(to, written);
            return (await to.FlushAsync().ConfigureAwait(false)).Status == IoStatus.Done ? TransferEnd.Complete : TransferEnd.SinkEnded;
        }
    }

    private Step Move(ReceiveBuffer from, SendBuffer to, BodyFraming written)
    {
        while (true)
        {
            var room = to.Room - ChunkOverhead;
            if (room <= 0) return Step.Full;
            var unread = from.Unread;
            var given = unread[..Math.Min(unread.Length, room)];
            var step = _reader.Next(given);
            if (step.DataLength > 0) Write(to, given.Slice(step.DataStart, step.DataLength), written);
            from.Consume(step.Consumed);
            if (step.Status == BodyStatus.Complete) return Step.Complete;
            if (step.Status == BodyStatus.Refused) return Step.Refused;
            if (step.Status == BodyStatus.NeedsMore && given.Length == unread.Length) return Step.Empty;
        }
    }

    private static void Write(SendBuffer to, ReadOnlySpan<byte> data, BodyFraming written)
    {
        if (written.Kind == BodyKind.Chunked) ChunkedEncoder.WriteChunk(to, data);
        else to.Write(data);
    }

    private void End(SendBuffer to, BodyFraming written)
    {
        if (written.Kind == BodyKind.Chunked) ChunkedEncoder.WriteEnd(to, _reader.Trailers);
    }
}
