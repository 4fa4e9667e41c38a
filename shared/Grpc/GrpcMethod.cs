using Ambient.Grpc.Messages;
using Google.Protobuf;

namespace Ambient.Grpc;

/// <summary>A method of a service and how its messages look on the wire. One per method, shared by client and server.</summary>
public sealed class GrpcMethod<TRequest, TResponse>(
    string service, string name, MessageFormat<TRequest> request, MessageFormat<TResponse> response)
{
    /// <summary>As in the URL: <c>/package.Service/Method</c>.</summary>
    public string Path { get; } = $"/{service}/{name}";

    public MessageFormat<TRequest> Request { get; } = request;

    public MessageFormat<TResponse> Response { get; } = response;

    public override string ToString() => Path;
}

public static class GrpcMethod
{
    /// <summary>A method whose messages are generated from proto files.</summary>
    /// <param name="service">With its package: <c>istio.v1.auth.IstioCertificateService</c>.</param>
    public static GrpcMethod<TRequest, TResponse> Of<TRequest, TResponse>(
        string service, string name, MessageParser<TRequest> request, MessageParser<TResponse> response)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        new(service, name, new ProtobufFormat<TRequest>(request), new ProtobufFormat<TResponse>(response));
}
