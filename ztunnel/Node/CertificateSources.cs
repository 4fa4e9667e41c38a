using Ambient.Certificates;
using Ambient.Certificates.Authority;
using Ambient.Ztunnel.Options;

namespace Ambient.Ztunnel.Node;

/// <summary>Where this node's certificates come from, as the options say.</summary>
internal static class CertificateSources
{
    /// <exception cref="OptionsException">There is no source that this version can use.</exception>
    /// <exception cref="CertificateException">The development authority's directory cannot be used.</exception>
    public static async Task<ICertificateSource> OpenAsync(AuthorityOptions options, string trustDomain, TimeProvider time)
    {
        if (options.DevelopmentDirectory is not { } directory)
            throw new OptionsException([new("CA_ADDRESS", options.Address?.ToString(),
                "a certificate authority over gRPC is not supported yet: set AMBIENT_DEV_CA_DIR to a directory for the development authority")]);
        var authority = await LocalAuthority.OpenAsync(directory, new() { TrustDomain = trustDomain }, time, CancellationToken.None);
        return new DevelopmentAuthoritySource(authority, options.Lifetime);
    }
}
