using Ambient.Certificates.Store;
using Ambient.Grpc;
using Ambient.Protos.Ca;

namespace Ambient.Certificates.Service;

/// <summary>The authority's service as both sides know it. All names but <see cref="PriorityHeader"/> are a wire contract with others.</summary>
public static class AuthorityContract
{
    public static readonly GrpcMethod<IstioCertificateRequest, IstioCertificateResponse> CreateCertificate = GrpcMethod.Of(
        "istio.v1.auth.IstioCertificateService", "CreateCertificate", IstioCertificateRequest.Parser, IstioCertificateResponse.Parser);

    /// <summary>In the request's metadata: the SPIFFE id that a node proxy asks for on behalf of a pod.</summary>
    public const string ImpersonatedIdentity = "ImpersonatedIdentity";

    /// <summary>In the request's metadata: an external signer's name.</summary>
    public const string CertSigner = "CertSigner";

    /// <summary>Ours: how urgent a request is. Other authorities ignore it; a caller without it is served between the urgent and the rest.</summary>
    public const string PriorityHeader = "ambient-priority";

    public const string OnDemand = "on-demand", Warmup = "warmup", Background = "background";

    public static string TextOf(FetchPriority priority) => priority switch
    {
        FetchPriority.RealTime => OnDemand,
        FetchPriority.Warmup => Warmup,
        _ => Background,
    };
}
