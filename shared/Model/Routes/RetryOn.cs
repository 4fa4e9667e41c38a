namespace Ambient.Model.Routes;

/// <summary>What makes an attempt worth repeating: the words of <c>retryOn</c> in a VirtualService, with Envoy's meaning.</summary>
[Flags]
public enum RetryOn : ushort
{
    None = 0,

    /// <summary>Any 5xx, and any attempt without an answer.</summary>
    FiveXx = 1,

    /// <summary>502, 503 and 504.</summary>
    GatewayError = 2,

    /// <summary>No answer: the connection ended, or the attempt's time was over.</summary>
    Reset = 4,

    /// <summary>No connection: nothing was sent.</summary>
    ConnectFailure = 8,

    /// <summary>409, and only that.</summary>
    Retriable4xx = 16,

    /// <summary>The codes that are listed.</summary>
    StatusCodes = 32,

    /// <summary><c>grpc-status</c> 1 in the head of the response; one in the trailers comes too late.</summary>
    GrpcCancelled = 64,

    /// <summary><c>grpc-status</c> 4 in the head.</summary>
    GrpcDeadlineExceeded = 128,

    /// <summary><c>grpc-status</c> 8 in the head.</summary>
    GrpcResourceExhausted = 256,

    /// <summary><c>grpc-status</c> 13 in the head.</summary>
    GrpcInternal = 512,

    /// <summary><c>grpc-status</c> 14 in the head.</summary>
    GrpcUnavailable = 1024,

    /// <summary>The server refused to begin (REFUSED_STREAM of HTTP/2).</summary>
    RefusedStream = 2048,
}
