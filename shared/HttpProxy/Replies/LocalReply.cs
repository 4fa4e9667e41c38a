using System.Buffers;
using System.Globalization;
using System.Text;
using Ambient.Http1.Bodies;
using Ambient.Http1.Responses;
using Ambient.HttpProxy.Downstreams;
using Ambient.HttpProxy.Exchanges;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Messages;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Replies;

/// <summary>An answer that is ours and not a server's.</summary>
/// <param name="Status">200 to 599.</param>
/// <param name="Why">A sentence; sent as text, or as <c>grpc-message</c> to a gRPC client. Empty sends no body.</param>
public readonly record struct LocalReply(int Status, string Why)
{
    /// <summary>Further fields.</summary>
    public EquatableArray<HeaderValue> Fields { get; init; } = [];

    /// <summary>For logs and metrics.</summary>
    public ExchangeFlag Flag { get; init; } = ExchangeFlag.LocalReply;

    /// <summary>One word for logs, closer than the flag; null if there is none.</summary>
    public string? Details { get; init; }

    /// <summary>What a gRPC client is told; null: what the status stands for.</summary>
    public int? GrpcStatus { get; init; }

    /// <summary>The text is sent exactly so; else it is a line.</summary>
    public bool IsVerbatim { get; init; }

    private byte[] Text => Encoding.UTF8.GetBytes(IsVerbatim || Why.Length == 0 ? Why : Why + "\n");

    /// <param name="edits">Of the route, where it answers by itself.</param>
    /// <param name="more">Of the route, whoever answers.</param>
    /// <param name="facts">For edits with operators.</param>
    /// <returns>The body, which follows.</returns>
    internal byte[] WriteHead(DownstreamStream client, FieldEdits edits, EquatableArray<HeaderValue> more, FieldFacts? facts)
    {
        var isGrpc = (Status >= 400 || GrpcStatus is not null) && Replies.GrpcStatus.IsGrpc(client.Request.Fields);
        client.BeginResponse(isGrpc ? 200 : Status);
        if (!isGrpc && Why.Length > 0) WriteField(client, edits, "content-type"u8, "text/plain; charset=utf-8"u8);
        foreach (var field in Fields) WriteField(client, edits, Encoding.ASCII.GetBytes(field.Name), Encoding.UTF8.GetBytes(field.Value));
        MessageForwarding.WriteAdded(client, Status, null, edits, isGrpc ? [.. more, .. GrpcFields] : more, facts);
        if (!isGrpc) return EndText(client);
        client.EndResponse(BodyFraming.None);
        return [];
    }

    /// <summary>For a request of HTTP/1 whose head could not be read; the connection closes.</summary>
    internal void WriteToUnreadable(IBufferWriter<byte> output)
    {
        ResponseWriter.Begin(output, Status).Field("content-type"u8, "text/plain; charset=utf-8"u8)
            .End(Status, BodyFraming.OfLength(Text.Length), keepAlive: false);
        output.Write(Text);
    }

    private static void WriteField(DownstreamStream client, FieldEdits edits, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!edits.Drops(name)) client.ResponseField(name, value);
    }

    private byte[] EndText(DownstreamStream client)
    {
        var text = Text;
        if (client.Request.IsHead || Status is 204 or 304)
        {
            client.EndResponseWithoutBody(Status is 204 or 304 ? null : text.Length);
            return [];
        }

        client.EndResponse(BodyFraming.OfLength(text.Length));
        return text;
    }

    // Trailers alone: the status where a client looks for it when there is no message.
    private IEnumerable<HeaderValue> GrpcFields =>
    [
        new("content-type", "application/grpc"),
        new("grpc-status", (GrpcStatus ?? Replies.GrpcStatus.Of(Status)).ToString(CultureInfo.InvariantCulture)),
        new("grpc-message", Encoding.ASCII.GetString(Replies.GrpcStatus.Encode(Why))),
    ];
}
