using System.Buffers;
using Google.Protobuf;

namespace Ambient.Grpc.Messages;

/// <summary>How a message looks on the wire. Implementations are stateless and thread-safe.</summary>
public abstract class MessageFormat<T>
{
    /// <summary>Exactly as many bytes as <see cref="Write"/> will write.</summary>
    public abstract int SizeOf(T message);

    public abstract void Write(T message, IBufferWriter<byte> output);

    /// <param name="bytes">Borrowed: not valid after the call.</param>
    /// <exception cref="InvalidProtocolBufferException">Not such a message.</exception>
    public abstract T Read(ReadOnlySequence<byte> bytes);
}

/// <summary>Generated messages. Fields that are not known here are dropped: nothing of ours passes messages on.</summary>
public sealed class ProtobufFormat<T>(MessageParser<T> parser) : MessageFormat<T>
    where T : class, IMessage<T>
{
    private readonly MessageParser<T> _parser = parser.WithDiscardUnknownFields(true);

    public override int SizeOf(T message) => message.CalculateSize();

    public override void Write(T message, IBufferWriter<byte> output) => message.WriteTo(output);

    public override T Read(ReadOnlySequence<byte> bytes) => _parser.ParseFrom(bytes);
}

/// <summary>Messages whose bytes exist already: written as they are, read as a copy.</summary>
public sealed class RawFormat : MessageFormat<ReadOnlyMemory<byte>>
{
    public static readonly RawFormat Instance = new();

    public override int SizeOf(ReadOnlyMemory<byte> message) => message.Length;

    public override void Write(ReadOnlyMemory<byte> message, IBufferWriter<byte> output) => output.Write(message.Span);

    public override ReadOnlyMemory<byte> Read(ReadOnlySequence<byte> bytes) => bytes.ToArray();
}
