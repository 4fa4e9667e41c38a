using System.Buffers;
using System.Globalization;
using System.Text;
using Ambient.Http1.Bodies;
using Ambient.Http1.Responses;
using Ambient.HttpProxy.Downstreams;

namespace Ambient.HttpProxy.Replies;

/// <summary>An answer that is ours and not a server's.</summary>
/// <param name="Status">400 to 599.</param>
/// <param name="Why">A sentence; sent as text, or as <c>grpc-message</c> to a gRPC client.</param>
internal readonly record struct LocalReply(int Status, string Why)
{
    private byte[] Text => Encoding.UTF8.GetBytes(Why + "\n");

    /// <summary>Writes it whole.</summary>
    public void Write(DownstreamStream client)
    {
        if (GrpcStatus.IsGrpc(client.Request.Fields)) WriteGrpc(client);
        else WriteText(client);
    }

    /// <summary>For a request of HTTP/1 whose head could not be read; the connection closes.</summary>
    public void WriteToUnreadable(IBufferWriter<byte> output)
    {
        ResponseWriter.Begin(output, Status).Field("content-type"u8, "text/plain; charset=utf-8"u8)
            .End(Status, BodyFraming.OfLength(Text.Length), keepAlive: false);
        output.Write(Text);
    }

    private void WriteText(DownstreamStream client)
    {
        var text = Text;
        client.BeginResponse(Status);
        client.ResponseField("content-type"u8, "text/plain; charset=utf-8"u8);
        if (client.Request.IsHead)
        {
            client.EndResponseWithoutBody(text.Length);
            return;
        }

        client.EndResponse(BodyFraming.OfLength(text.Length));
        client.ResponseBody.Write(text, ends: true);
    }

    // Trailers alone: the status where a client looks for it when there is no message.
    private void WriteGrpc(DownstreamStream client)
    {
        client.BeginResponse(200);
        client.ResponseField("content-type"u8, "application/grpc"u8);
        client.ResponseField("grpc-status"u8, Encoding.ASCII.GetBytes(GrpcStatus.Of(Status).ToString(CultureInfo.InvariantCulture)));
        client.ResponseField("grpc-message"u8, GrpcStatus.Encode(Why));
        client.EndResponse(BodyFraming.OfLength(0));
    }
}
