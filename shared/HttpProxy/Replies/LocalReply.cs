using System.Buffers;
using System.Globalization;
using System.Text;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http1.Responses;

namespace Ambient.HttpProxy.Replies;

/// <summary>An answer that is ours and not a server's.</summary>
/// <param name="Status">400 to 599.</param>
/// <param name="Why">A sentence; sent as text, or as <c>grpc-message</c> to a gRPC client.</param>
internal readonly record struct LocalReply(int Status, string Why)
{
    /// <summary>Writes it whole.</summary>
    /// <param name="keepAlive">False announces that the connection closes.</param>
    public void Write(IBufferWriter<byte> output, RequestHead request, bool keepAlive)
    {
        if (GrpcStatus.IsGrpc(request.Fields)) WriteGrpc(output, request, keepAlive);
        else WriteText(output, request.IsHead, request.Version, keepAlive);
    }

    /// <summary>For a request whose head could not be read; the connection closes.</summary>
    public void WriteToUnreadable(IBufferWriter<byte> output) => WriteText(output, isHead: false, Http1.HttpVersion.Http11, keepAlive: false);

    private void WriteText(IBufferWriter<byte> output, bool isHead, Http1.HttpVersion version, bool keepAlive)
    {
        var body = Encoding.UTF8.GetBytes(Why + "\n");
        ResponseWriter.Begin(output, Status).Field("content-type"u8, "text/plain; charset=utf-8"u8)
            .End(Status, BodyFraming.OfLength(body.Length), keepAlive, version);
        if (!isHead) output.Write(body);
    }

    private void WriteGrpc(IBufferWriter<byte> output, RequestHead request, bool keepAlive)
    {
        var code = GrpcStatus.Of(Status).ToString(CultureInfo.InvariantCulture);
        ResponseWriter.Begin(output, 200).Field("content-type"u8, "application/grpc"u8)
            .Field("grpc-status"u8, Encoding.ASCII.GetBytes(code)).Field("grpc-message"u8, GrpcStatus.Encode(Why))
            .End(200, BodyFraming.OfLength(0), keepAlive, request.Version);
    }
}
