using Ambient.Certificates;
using Ambient.Certificates.Authority;
using Ambient.Certificates.Service;
using Ambient.MeshProxy.Options;
using Microsoft.Extensions.Logging;

namespace Ambient.MeshProxy.Identity;

/// <summary>Where this node's certificates come from, as the options say.</summary>
public static class CertificateSources
{
    /// <returns>Disposable if it holds connections.</returns>
    /// <exception cref="OptionsException">The authority's address or a header cannot be used.</exception>
    /// <exception cref="CertificateException">The development authority's directory cannot be used.</exception>
    public static async Task<ICertificateSource> OpenAsync(AuthorityOptions options, NodeOptions node, TimeProvider time, ILoggerFactory loggers)
    {
        if (options.DevelopmentDirectory is not { } directory)
            return Connect(options, node, time, loggers.CreateLogger<AuthorityClient>());
        var authority = await LocalAuthority.OpenAsync(directory, new() { TrustDomain = node.TrustDomain }, time, CancellationToken.None);
        return new DevelopmentAuthoritySource(authority, options.Lifetime);
    }

    private static AuthorityClient Connect(AuthorityOptions options, NodeOptions node, TimeProvider time, ILogger<AuthorityClient> logger)
    {
        try
        {
            return new AuthorityClient(new()
            {
                Address = options.Address!,
                RootsFile = options.Roots.Source == RootSource.File ? options.Roots.Value : null,
                RootsPem = options.Roots.Source == RootSource.Pem ? options.Roots.Value : null,
                AlternativeHostName = options.AlternativeHostname,
                Headers = options.Headers,
                TokenFile = options.TokenFile,
                Token = options.Token,
                ClusterId = node.ClusterId,
                Lifetime = options.Lifetime,
                Impersonate = node.Mode == ProxyMode.Shared,
            }, time, logger);
        }
        catch (ArgumentException error)
        {
            throw new OptionsException([new("CA_ADDRESS", options.Address!.ToString(), error.Message)]);
        }
    }
}
