using System.Text;
using Ambient.Grpc;
using Ambient.Grpc.Channel;
using Ambient.Grpc.Messages;

namespace Ambient.GrpcServer.Tests.Scenes;

/// <summary>A method whose messages are texts.</summary>
internal static class Calls
{
    public static readonly GrpcMethod<string, string> Say = new("test.Speech", "Say", TextFormat.Instance, TextFormat.Instance);

    public static readonly GrpcMethod<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Carry =
        new("test.Freight", "Carry", RawFormat.Instance, RawFormat.Instance);

    public static GrpcChannel ChannelTo(Uri address, Func<GrpcChannelOptions, GrpcChannelOptions>? with = null, TimeProvider? time = null)
    {
        var options = new GrpcChannelOptions { Address = address };
        return new(with is null ? options : with(options), time);
    }

    private sealed class TextFormat : MessageFormat<string>
    {
        public static readonly TextFormat Instance = new();

        public override int SizeOf(string message) => Encoding.UTF8.GetByteCount(message);

        public override void Write(string message, System.Buffers.IBufferWriter<byte> output) => Encoding.UTF8.GetBytes(message, output);

        public override string Read(System.Buffers.ReadOnlySequence<byte> bytes) => Encoding.UTF8.GetString(bytes);
    }
}
