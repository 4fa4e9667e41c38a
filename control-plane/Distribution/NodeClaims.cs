using Ambient.ControlPlane.Callers;
using Ambient.Grpc;
using Ambient.Protos.Xds;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.ControlPlane.Distribution;

/// <summary>What a client says that it is, in its node: <c>type~ip~name.namespace~domain</c> and metadata.</summary>
/// <param name="Kind"><c>ztunnel</c>, <c>waypoint</c>, <c>router</c> ….</param>
/// <param name="NodeName">The Kubernetes node it runs on; empty if it does not say.</param>
internal sealed record NodeClaims(string Kind, string Namespace, string ServiceAccount, string NodeName)
{
    private const int MaxIdLength = 1024;

    /// <exception cref="RpcException">InvalidArgument: not of that form.</exception>
    public static NodeClaims Read(Node node)
    {
        if (node.Id.Length > MaxIdLength || node.Id.Split('~') is not [{ Length: > 0 } kind, _, var name, _])
            throw new RpcException(StatusCode.InvalidArgument, $"The node id has {node.Id.Length} characters and must read type~ip~name.namespace~domain.");
        var metadata = node.Metadata?.Fields;
        var ofId = name[(name.LastIndexOf('.') + 1)..];
        return new(kind, Text("NAMESPACE") is { Length: > 0 } ns ? ns : ofId, Text("SERVICE_ACCOUNT"), Text("NODE_NAME"));

        string Text(string key) => metadata is not null && metadata.TryGetValue(key, out var value) && value.KindCase == Value.KindOneofCase.StringValue
            ? value.StringValue : "";
    }

    /// <exception cref="RpcException">PermissionDenied: the caller is not what it says.</exception>
    public void Check(Caller caller)
    {
        if (Namespace != caller.Namespace || (ServiceAccount.Length > 0 && ServiceAccount != caller.ServiceAccount))
        {
            throw new RpcException(StatusCode.PermissionDenied,
                $"The node says that it is {Namespace}/{ServiceAccount}, but the caller is {caller}. Check POD_NAMESPACE and SERVICE_ACCOUNT of the proxy.");
        }
    }
}
