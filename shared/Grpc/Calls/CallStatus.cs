using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Ambient.Grpc.Headers;

namespace Ambient.Grpc.Calls;

/// <summary>Reads how a call ended from whatever the other side, or the transport, left of it.</summary>
internal static class CallStatus
{
    /// <summary>Null if the response may carry messages; otherwise why it does not.</summary>
    public static RpcException? OfHead(HttpResponseMessage response)
    {
        if (response.Headers.Contains(GrpcHeaders.Status) && response.StatusCode == HttpStatusCode.OK) return OfTrailers(response.Headers);
        if (response.StatusCode != HttpStatusCode.OK)
            return new(OfHttp((int)response.StatusCode), $"The server answered with HTTP status {(int)response.StatusCode}, not as a gRPC server.");
        var contentType = response.Content.Headers.ContentType?.ToString();
        if (!GrpcHeaders.IsGrpc(contentType))
            return new(StatusCode.Unknown, $"The server answered with content type '{contentType}', not as a gRPC server.");
        if (response.Headers.TryGetValues(GrpcHeaders.Encoding, out var encodings) && string.Join(",", encodings) is not GrpcHeaders.Identity and var encoding)
            return new(StatusCode.Internal, $"The server compresses with '{encoding}', though only identity was offered.");
        return null;
    }

    /// <summary>After the last message. Null for OK.</summary>
    public static RpcException? OfEnd(HttpResponseMessage response) =>
        // A call without messages may have its status in the one header block that there is ("trailers-only").
        OfTrailers(response.Headers.Contains(GrpcHeaders.Status) ? response.Headers : response.TrailingHeaders);

    private static RpcException? OfTrailers(HttpHeaders trailers)
    {
        if (!trailers.TryGetValues(GrpcHeaders.Status, out var values))
            return new(StatusCode.Unknown, "The response ended without a status.");
        var text = string.Join(",", values);
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            return new(StatusCode.Unknown, $"The response ended with the unreadable status '{text}'.");
        if (code == (int)StatusCode.Ok) return null;
        var detail = trailers.TryGetValues(GrpcHeaders.Message, out var messages) ? StatusMessage.Decode(string.Join(",", messages)) : "";
        return new(code <= (int)StatusCode.Unauthenticated ? (StatusCode)code : StatusCode.Unknown, detail) { Trailers = Metadata(trailers) };
    }

    public static GrpcMetadata Metadata(HttpHeaders headers)
    {
        var metadata = new GrpcMetadata();
        foreach (var (name, values) in headers.NonValidated)
            foreach (var value in values) metadata.AddReceived(name, value);
        return metadata;
    }

    /// <summary>For a failure below gRPC.</summary>
    public static RpcException OfTransport(Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is RpcException own) return own;
            if (cause is HttpProtocolException protocol) return new(OfReset(protocol.ErrorCode), protocol.Message, failure);
        }
        return new(StatusCode.Unavailable, Sentence(failure), failure);
    }

    // The innermost text is the one that names the cause.
    private static string Sentence(Exception failure)
    {
        var root = failure.GetBaseException();
        return root == failure ? failure.Message : $"{failure.Message} {root.Message}";
    }

    // "HTTP to gRPC Status Code Mapping" of the gRPC documentation.
    private static StatusCode OfHttp(int status) => status switch
    {
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    // The same for RST_STREAM's codes, RFC 9113 §7.
    private static StatusCode OfReset(long code) => code switch
    {
        0x7 => StatusCode.Unavailable, // REFUSED_STREAM
        0x8 => StatusCode.Cancelled, // CANCEL
        0xb => StatusCode.ResourceExhausted, // ENHANCE_YOUR_CALM
        0xc => StatusCode.PermissionDenied, // INADEQUATE_SECURITY
        _ => StatusCode.Internal,
    };
}
