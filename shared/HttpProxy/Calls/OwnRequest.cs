using System.Buffers.Binary;

namespace Ambient.HttpProxy.Calls;

/// <summary>A request that this process makes itself.</summary>
/// <param name="Path">Of the POST.</param>
/// <param name="Authority">The host that is asked.</param>
/// <param name="Body">Not changed before the call is over.</param>
public sealed record OwnRequest(string Path, string Authority, string ContentType, ReadOnlyMemory<byte> Body)
{
    private const int GrpcPrefix = 5;

    /// <summary>A call of gRPC with one message.</summary>
    /// <param name="method"><c>/package.Service/Method</c>.</param>
    public static OwnRequest Grpc(string method, string authority, ReadOnlySpan<byte> message)
    {
        var body = new byte[GrpcPrefix + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), message.Length);
        message.CopyTo(body.AsSpan(GrpcPrefix));
        return new(method, authority, "application/grpc", body);
    }
}
