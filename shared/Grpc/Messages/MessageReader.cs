using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;

namespace Ambient.Grpc.Messages;

/// <summary>Reads one message after the other. One read at a time.</summary>
/// <param name="input">Stays the caller's.</param>
public sealed class MessageReader<T>(PipeReader input, MessageFormat<T> format, int maxBytes)
{
    /// <summary>Called when a message of so many bytes is about to be gathered; what it returns is disposed once the message was read.</summary>
    /// <remarks>Bounds what many peers' large messages hold together: while it waits, the transport's flow control holds the sender.</remarks>
    public Func<int, CancellationToken, ValueTask<GatheringRoom?>>? BeforeGathering { get; init; }

    /// <summary>The next message, or that the sender has finished. The end within a message is an error.</summary>
    /// <exception cref="RpcException">
    /// <see cref="StatusCode.ResourceExhausted"/>: too large. <see cref="StatusCode.Internal"/>: compressed, cut short or unreadable.
    /// <see cref="StatusCode.DeadlineExceeded"/>: it did not come while there was room for it.
    /// </exception>
    public async ValueTask<Received<T>> ReadAsync(CancellationToken stop)
    {
        GatheringRoom? room = null;
        CancellationTokenSource? either = null;
        var gathering = false;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(either?.Token ?? stop);
                var bytes = read.Buffer;
                if (MessageFraming.TryReadPrefix(bytes, maxBytes, out var length))
                {
                    if (!gathering && BeforeGathering is not null)
                    {
                        gathering = true;
                        // What came so far stays in the pipe, unexamined beyond the prefix.
                        room = await BeforeGathering(length, stop);
                        if (room is not null) either = CancellationTokenSource.CreateLinkedTokenSource(stop, room.Expired);
                    }
                    if (MessageFraming.TryRead(ref bytes, maxBytes, out var message))
                    {
                        var result = Parse(message);
                        input.AdvanceTo(bytes.Start);
                        return new(result, true);
                    }
                }
                input.AdvanceTo(bytes.Start, bytes.End);
                if (read.IsCanceled) throw new OperationCanceledException(stop);
                if (read.IsCompleted) return CheckEnd(bytes.Length);
            }
        }
        catch (OperationCanceledException) when (room is { Expired.IsCancellationRequested: true } && !stop.IsCancellationRequested)
        {
            throw new RpcException(StatusCode.DeadlineExceeded, "A large message did not come in time, while others may wait for its room.");
        }
        finally
        {
            either?.Dispose();
            room?.Dispose();
        }
    }

    private static Received<T> CheckEnd(long left) => left == 0
        ? default
        : throw new RpcException(StatusCode.Internal, $"The stream ended {left} bytes into a message.");

    private T Parse(in ReadOnlySequence<byte> message)
    {
        try { return format.Read(message); }
        catch (InvalidProtocolBufferException exception)
        {
            throw new RpcException(StatusCode.Internal, $"A message of {message.Length} bytes cannot be read: {exception.Message}", exception);
        }
    }
}
