using Ambient.Grpc;

namespace Ambient.MeshProxy.Discovery;

/// <summary>What goes along with each discovery stream: the token, read anew, and configured headers.</summary>
public sealed class DiscoveryHeaders(ControlPlaneOptions options)
{
    /// <exception cref="IOException">The token's file cannot be read, or is empty.</exception>
    public GrpcMetadata Read()
    {
        var headers = Configured();
        if (ReadToken() is not { } token) return headers;
        headers.Add("authorization", $"Bearer {token}");
        headers.Add("clusterid", options.Node.ClusterId);
        return headers;
    }

    /// <summary>XDS_HEADER_* alone.</summary>
    /// <exception cref="ArgumentException">One of them cannot be sent with gRPC.</exception>
    public GrpcMetadata Configured()
    {
        var headers = new GrpcMetadata();
        foreach (var (name, value) in options.Discovery.Headers) headers.Add(name, value);
        return headers;
    }

    private string? ReadToken()
    {
        if (options.Authority.TokenFile is not { } file) return options.Authority.Token;
        var token = File.ReadAllText(file).Trim();
        return token.Length > 0 ? token : throw new IOException($"The token file {file} is empty. Is the projected service account token mounted?");
    }
}
