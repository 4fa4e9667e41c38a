using System.Buffers;
using System.Buffers.Binary;

namespace Ambient.Grpc.Messages;

/// <summary>gRPC's length-prefixed messages: compressed flag (1 byte, 0 here), length (4 bytes, big-endian), message.</summary>
public static class MessageFraming
{
    public const int PrefixBytes = 5;

    /// <summary>Takes one message off <paramref name="input"/>; false and unmoved while it is incomplete.</summary>
    /// <param name="maxBytes">Largest message taken, without its prefix. The prefix alone decides: an oversize message is never buffered.</param>
    /// <exception cref="RpcException">
    /// <see cref="StatusCode.ResourceExhausted"/>: larger than <paramref name="maxBytes"/>.
    /// <see cref="StatusCode.Internal"/>: marked as compressed, though no compression was agreed on.
    /// </exception>
    public static bool TryRead(ref ReadOnlySequence<byte> input, int maxBytes, out ReadOnlySequence<byte> message)
    {
        message = default;
        if (!TryReadPrefix(input, maxBytes, out var length) || input.Length < PrefixBytes + length) return false;
        message = input.Slice(PrefixBytes, length);
        input = input.Slice(PrefixBytes + length);
        return true;
    }

    /// <summary>The length of the message that <paramref name="input"/> begins with; false while its prefix is incomplete.</summary>
    /// <exception cref="RpcException">As for <see cref="TryRead"/>.</exception>
    public static bool TryReadPrefix(in ReadOnlySequence<byte> input, int maxBytes, out int length)
    {
        length = 0;
        if (input.Length < 1) return false;
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        var known = (int)Math.Min(input.Length, PrefixBytes);
        input.Slice(0, known).CopyTo(prefix);
        if (prefix[0] != 0)
            throw new RpcException(StatusCode.Internal, "A message is marked as compressed, but only the identity encoding is offered. Turn compression off.");
        if (known < PrefixBytes) return false;

        var announced = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (announced > (uint)maxBytes) throw Oversize("A received message", announced, maxBytes);
        length = (int)announced;
        return true;
    }

    /// <summary>Writes <paramref name="message"/> with its prefix.</summary>
    /// <exception cref="RpcException"><see cref="StatusCode.ResourceExhausted"/>: larger than <paramref name="maxBytes"/>; nothing was written.</exception>
    public static void Write<T>(T message, MessageFormat<T> format, int maxBytes, IBufferWriter<byte> output)
    {
        WritePrefix(format.SizeOf(message), maxBytes, output);
        format.Write(message, output);
    }

    /// <summary>Announces a message of so many bytes, which is to follow.</summary>
    /// <inheritdoc cref="Write" path="/exception"/>
    public static void WritePrefix(int length, int maxBytes, IBufferWriter<byte> output)
    {
        if (length > maxBytes) throw Oversize("A message to be sent", (uint)length, maxBytes);
        var prefix = output.GetSpan(PrefixBytes);
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
        output.Advance(PrefixBytes);
    }

    private static RpcException Oversize(string what, uint bytes, int maxBytes) =>
        new(StatusCode.ResourceExhausted, $"{what} has {bytes} bytes; the limit is {maxBytes}. Raise the limit or send less at a time.");
}
