using Ambient.Certificates.Service;
using Ambient.ControlPlane.Callers;
using Ambient.Grpc;
using Ambient.GrpcServer;
using Ambient.Model.Identities;
using Ambient.Protos.Ca;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Authority;

/// <summary>IstioCertificateService: token → caller → identity → signature. READ THIS FIRST for how a certificate comes about.</summary>
internal sealed partial class CsrService(ICallerAuthenticator callers, NodeAuthorization nodes, CertificateAuthority authority,
    SigningLanes lanes, ILeafLifetimes lifetimes, CsrMetrics metrics, ILogger<CsrService> logger)
{
    private static readonly GrpcServerOptions Limits = new()
    {
        MaxReceiveBytes = 64 * 1024,
        MaxSendBytes = 1024 * 1024,
        MaxConcurrentCalls = 25_000, // the lanes refuse earlier, and say why
    };

    public void Map(IEndpointRouteBuilder endpoints) => endpoints.MapUnary(AuthorityContract.CreateCertificate,
        (request, context) => CreateAsync(request, new(context.Metadata, context.ClientCertificate, context.Peer?.Address, context.Stop)), Limits);

    /// <exception cref="RpcException">Every refusal; its detail says which check failed and what to do.</exception>
    public async Task<IstioCertificateResponse> CreateAsync(IstioCertificateRequest request, CsrCall call)
    {
        metrics.Requested();
        try
        {
            var caller = await callers.AuthenticateAsync(call.Metadata, call.Certificate, call.Peer, call.Stop);
            var identity = await IdentifyAsync(caller, request.Metadata, call.Stop);
            var chain = await SignAsync(request, identity, caller, LaneOf(call.Metadata), call.Stop);
            metrics.Issued();
            return new IstioCertificateResponse { CertChain = { chain } };
        }
        catch (RpcException error)
        {
            metrics.Failed(error.Code);
            throw;
        }
    }

    private async ValueTask<SpiffeId> IdentifyAsync(Caller caller, Struct? metadata, CancellationToken stop)
    {
        if (TextOf(metadata, AuthorityContract.CertSigner) is { Length: > 0 })
            throw new RpcException(StatusCode.InvalidArgument, "An external signer (CertSigner) was asked for; this authority signs itself. Unset it.");
        try
        {
            return await nodes.AuthorizeAsync(caller, TextOf(metadata, AuthorityContract.ImpersonatedIdentity), stop);
        }
        catch (RefusedException error)
        {
            Log.Refused(logger, caller, error.Message);
            // Not PermissionDenied: other implementations of this service answer so, and clients may look at it.
            throw new RpcException(StatusCode.Unauthenticated, $"Refused to {caller}: {error.Message}.", error);
        }
        catch (Kubernetes.Client.ApiException error)
        {
            Log.NotAsked(logger, caller, error.Message);
            throw new RpcException(StatusCode.Unavailable, "The API server could not be asked which pods run on the caller's node; try again.", error);
        }
    }

    private async ValueTask<IReadOnlyList<string>> SignAsync(
        IstioCertificateRequest request, SpiffeId identity, Caller caller, SigningLane lane, CancellationToken stop)
    {
        try
        {
            var lifetime = authority.Grant(request.ValidityDuration);
            if (lifetime > authority.InForce?.LongestLeaf)
                await lifetimes.RecordAsync(lifetime, stop);
            using (await lanes.EnterAsync(caller.PodUid ?? $"{caller.Namespace}/{caller.ServiceAccount}", lane, stop))
                return authority.Sign(SigningRequest.Read(request.Csr), identity, lifetime);
        }
        catch (AuthorityException error)
        {
            Log.NotSigned(logger, identity, error.Message);
            throw new RpcException(error.Failure == AuthorityFailure.InvalidRequest ? StatusCode.InvalidArgument : StatusCode.Unavailable, error.Message, error);
        }
        catch (TooManyWaitingException error)
        {
            throw new RpcException(StatusCode.ResourceExhausted, error.Message, error);
        }
    }

    private static SigningLane LaneOf(GrpcMetadata metadata) => metadata.Find(AuthorityContract.PriorityHeader) switch
    {
        AuthorityContract.OnDemand => SigningLane.OnDemand,
        AuthorityContract.Background => SigningLane.Background,
        _ => SigningLane.Normal,
    };

    private static string? TextOf(Struct? metadata, string name)
    {
        if (metadata is null || !metadata.Fields.TryGetValue(name, out var value) || value.KindCase == Value.KindOneofCase.NullValue)
            return null;
        return value.KindCase == Value.KindOneofCase.StringValue
            ? value.StringValue
            : throw new RpcException(StatusCode.InvalidArgument, $"{name} in the request's metadata must be a text.");
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1184.
    private static partial class Log
    {
        [LoggerMessage(1181, LogLevel.Warning, "Refused to {Caller}: {Reason}")]
        public static partial void Refused(ILogger logger, Caller caller, string reason);

        [LoggerMessage(1182, LogLevel.Warning, "Pods of the node of {Caller} could not be asked for: {Error}")]
        public static partial void NotAsked(ILogger logger, Caller caller, string error);

        [LoggerMessage(1183, LogLevel.Warning, "No certificate for {Identity}: {Reason}")]
        public static partial void NotSigned(ILogger logger, SpiffeId identity, string reason);
    }
}

/// <summary>What a call brings beside its message.</summary>
internal readonly record struct CsrCall(
    GrpcMetadata Metadata, System.Security.Cryptography.X509Certificates.X509Certificate2? Certificate, System.Net.IPAddress? Peer, CancellationToken Stop);
