namespace Ambient.Grpc;

/// <summary>A call that did not end with <see cref="StatusCode.Ok"/>: the other side's answer, or why there was none.</summary>
/// <remarks>Thrown by a handler, it becomes the call's status: <see cref="Detail"/> is sent to the caller as it is.</remarks>
public sealed class RpcException(StatusCode code, string detail, Exception? cause = null)
    : Exception($"{code}: {detail}", cause)
{
    public StatusCode Code { get; } = code;

    public string Detail { get; } = detail;

    /// <summary>What came with the status; empty if the call did not get that far.</summary>
    public GrpcMetadata Trailers { get; init; } = GrpcMetadata.Empty;
}
