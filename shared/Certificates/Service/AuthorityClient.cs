using Ambient.Certificates.Store;
using Ambient.Grpc;
using Ambient.Model.Identities;
using Ambient.Protos.Ca;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;

namespace Ambient.Certificates.Service;

/// <summary>Certificates from the mesh's authority over gRPC: a new P-256 key for each, which never leaves this process.</summary>
public sealed class AuthorityClient : ICertificateSource, IDisposable
{
    private const int MaxTokenCharacters = 64 * 1024;

    private readonly AuthorityClientOptions _options;
    private readonly AuthorityChannel _channel;

    /// <exception cref="ArgumentException">The address is neither https nor loopback http, or a header cannot be sent.</exception>
    /// <exception cref="CertificateException">SourceUnavailable: the roots cannot be read.</exception>
    public AuthorityClient(AuthorityClientOptions options, TimeProvider time, ILogger<AuthorityClient> logger)
    {
        _options = options;
        var headers = new GrpcMetadata();
        foreach (var (name, value) in options.Headers)
            headers.Add(name, value);
        _channel = new AuthorityChannel(options, time, logger);
    }

    public async ValueTask<WorkloadCertificate> FetchAsync(SpiffeId identity, FetchPriority priority, CancellationToken stop)
    {
        using var key = new WorkloadKey();
        var request = new IstioCertificateRequest
        {
            Csr = key.RequestFor(identity),
            ValidityDuration = (long)_options.Lifetime.TotalSeconds,
            Metadata = _options.Impersonate
                ? new Struct { Fields = { [AuthorityContract.ImpersonatedIdentity] = Value.ForString(identity.ToString()) } }
                : null,
        };
        var chain = await CallAsync(request, identity, priority, stop);
        return WorkloadCertificate.FromChain(identity, chain, key.ExportPrivateKey());
    }

    public void Dispose() => _channel.Dispose();

    private async Task<IReadOnlyList<string>> CallAsync(
        IstioCertificateRequest request, SpiffeId identity, FetchPriority priority, CancellationToken stop)
    {
        var metadata = await MetadataAsync(priority, stop);
        using var lease = _channel.Lease();
        try
        {
            return (await lease.Channel.UnaryAsync(AuthorityContract.CreateCertificate, request, metadata, _options.Deadline, stop)).CertChain;
        }
        catch (RpcException error)
        {
            throw Explain(identity, error);
        }
    }

    private async ValueTask<GrpcMetadata> MetadataAsync(FetchPriority priority, CancellationToken stop)
    {
        var metadata = new GrpcMetadata { { "clusterid", _options.ClusterId }, { AuthorityContract.PriorityHeader, AuthorityContract.TextOf(priority) } };
        foreach (var (name, value) in _options.Headers)
            metadata.Add(name, value);
        if (await TokenAsync(stop) is { } token)
            metadata.Add("authorization", $"Bearer {token}");
        return metadata;
    }

    private async ValueTask<string?> TokenAsync(CancellationToken stop)
    {
        if (_options.TokenFile is not { } file)
            return _options.Token;
        try
        {
            var token = (await File.ReadAllTextAsync(file, stop)).Trim();
            if (token.Length is > 0 and <= MaxTokenCharacters && !token.AsSpan().ContainsAnyExceptInRange('!', '~'))
                return token;
            throw new CertificateException(CertificateFailure.SourceUnavailable, $"The token file {file} does not hold one token; is the projected volume mounted there?");
        }
        catch (Exception error) when (error is IOException and not CertificateException or UnauthorizedAccessException)
        {
            throw new CertificateException(CertificateFailure.SourceUnavailable, $"The token cannot be read: {error.Message}", error);
        }
    }

    private CertificateException Explain(SpiffeId identity, RpcException error) => error.Code switch
    {
        StatusCode.Unauthenticated or StatusCode.PermissionDenied or StatusCode.InvalidArgument => new(CertificateFailure.Refused,
            $"The authority at {_options.Address} refused a certificate for {identity}: {error.Detail}", error),
        StatusCode.DeadlineExceeded => new(CertificateFailure.TimedOut,
            $"The authority at {_options.Address} did not answer for {identity} within {_options.Deadline.TotalSeconds:0.#} s.", error),
        _ => new(CertificateFailure.SourceUnavailable,
            $"No certificate for {identity} from the authority at {_options.Address} ({error.Code}): {error.Detail}", error),
    };
}
