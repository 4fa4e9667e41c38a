using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc;
using Ambient.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Callers;

/// <summary>Tries what a caller can prove itself with, in this order: a client certificate of the mesh, a service account's token.</summary>
internal sealed partial class CallerAuthenticator(
    CertificateCallers certificates, TokenAuthenticator tokens, CallerOptions options, ILogger<CallerAuthenticator> logger) : ICallerAuthenticator
{
    private const string Bearer = "Bearer ";

    public async ValueTask<Caller> AuthenticateAsync(GrpcMetadata metadata, X509Certificate2? certificate, IPAddress? peer, CancellationToken stop)
    {
        try
        {
            if (certificate is not null && certificates.Find(certificate) is { } known)
                return known;
            RequireThisCluster(metadata.Find("clusterid"));
            return await tokens.AuthenticateAsync(TokenOf(metadata), peer, stop);
        }
        catch (UnauthenticatedException error)
        {
            Log.Refused(logger, error.Message);
            throw new RpcException(StatusCode.Unauthenticated, $"Not authenticated: {error.Message}.", error);
        }
        catch (ApiException error)
        {
            Log.NotAsked(logger, error.Message);
            throw new RpcException(StatusCode.Unavailable, "The API server could not be asked about the token; try again.", error);
        }
    }

    private void RequireThisCluster(string? cluster)
    {
        if (cluster is { Length: > 0 } && cluster != options.ClusterId && !options.ClusterAliases.Contains(cluster))
            throw new UnauthenticatedException($"the cluster that the caller names is not known here; this is {options.ClusterId} " +
                "(set CLUSTER_ID alike on both sides)");
    }

    private static string TokenOf(GrpcMetadata metadata) => metadata.Find("authorization") switch
    {
        null => throw new UnauthenticatedException("there is neither a client certificate of this mesh nor an authorization header; " +
            "mount a projected service account token"),
        var header when header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) => header[Bearer.Length..].Trim(),
        _ => throw new UnauthenticatedException("the authorization header is not 'Bearer' and a token"),
    };

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1163.
    private static partial class Log
    {
        [LoggerMessage(1161, LogLevel.Warning, "A caller was not recognised: {Reason}")]
        public static partial void Refused(ILogger logger, string reason);

        [LoggerMessage(1162, LogLevel.Warning, "The API server could not be asked about a token: {Error}")]
        public static partial void NotAsked(ILogger logger, string error);
    }
}
