namespace Ambient.HttpProxy.Upstreams;

/// <summary>What is spoken with a server.</summary>
public enum UpstreamProtocol : byte
{
    Http1,

    /// <summary>HTTP/2 with prior knowledge (RFC 9113 §3.3): <c>kubernetes.io/h2c</c>, <c>grpc</c>.</summary>
    Http2,

    /// <summary>HTTP/2 for the requests that came so, else HTTP/1.1, which is also what WebSockets are asked for with.</summary>
    SameAsClient,
}
