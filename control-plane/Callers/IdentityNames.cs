using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Ambient.Model.Identities;

namespace Ambient.ControlPlane.Callers;

/// <summary>What a Kubernetes workload can be called. Stricter than SPIFFE: nobody gets a certificate for a name that cannot exist.</summary>
internal static class IdentityNames
{
    private static readonly SearchValues<char> Label = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> Subdomain = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-.");
    private static readonly SearchValues<char> TrustDomain = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-._");

    /// <summary>SPIFFE-ID §2.1: lower-case letters, digits, '-', '.', '_'; at most 255.</summary>
    public static bool IsTrustDomain(string text) => text.Length is > 0 and <= 255 && !text.AsSpan().ContainsAnyExcept(TrustDomain);

    /// <summary>A DNS label (RFC 1123), at most 63.</summary>
    public static bool IsNamespace(string text) => text.Length <= 63 && IsDelimitedBy(text, Label);

    /// <summary>A DNS subdomain (RFC 1123), at most 253: service accounts and ConfigMaps, for two.</summary>
    public static bool IsObject(string text) => text.Length <= 253 && IsDelimitedBy(text, Subdomain);

    /// <summary>Reads an identity that a workload of a cluster can have.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SpiffeId? identity) =>
        SpiffeId.TryParse(text, out identity) && IsTrustDomain(identity.TrustDomain) && IsNamespace(identity.Namespace) &&
        IsObject(identity.ServiceAccount);

    private static bool IsDelimitedBy(string text, SearchValues<char> allowed) =>
        text.Length > 0 && !text.AsSpan().ContainsAnyExcept(allowed) &&
        char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]);
}
