using System.Diagnostics.CodeAnalysis;

namespace Ambient.Model.Identities;

/// <summary>A workload's identity, <c>spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT</c>. Compared exactly, case included.</summary>
/// <remarks>Immutable and safe on all threads. Namespace and service account may be empty, but hold no '/'.</remarks>
public sealed class SpiffeId : IEquatable<SpiffeId>
{
    /// <summary>Longest id that is read (SPIFFE-ID §2.3: 2048 bytes).</summary>
    public const int MaxLength = 2048;

    /// <summary>Longest trust domain, namespace or service account. Kubernetes allows 253 characters.</summary>
    public const int MaxPartLength = 512;

    private const string Scheme = "spiffe://";
    private readonly string _text;

    /// <exception cref="ArgumentException">A part is refused by <see cref="CheckPart"/>.</exception>
    public SpiffeId(string trustDomain, string @namespace, string serviceAccount)
    {
        TrustDomain = CheckPart(trustDomain);
        Namespace = CheckPart(@namespace);
        ServiceAccount = CheckPart(serviceAccount);
        _text = $"{Scheme}{trustDomain}/ns/{@namespace}/sa/{serviceAccount}";
    }

    public string TrustDomain { get; }

    public string Namespace { get; }

    public string ServiceAccount { get; }

    /// <summary>The id without its scheme, as policies write it: <c>cluster.local/ns/shop/sa/web</c>.</summary>
    public ReadOnlySpan<char> Principal => _text.AsSpan(Scheme.Length);

    /// <summary>Reads exactly five path segments: trust domain, "ns", namespace, "sa", service account.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out SpiffeId? id)
    {
        id = null;
        if (text is null || text.Length > MaxLength || !text.StartsWith(Scheme, StringComparison.Ordinal)) return false;
        var parts = text[Scheme.Length..].Split('/');
        if (parts is not [var trustDomain, "ns", var ns, "sa", var account]) return false;
        if (parts.Any(static part => part.Length > MaxPartLength)) return false;
        id = new(trustDomain, ns, account);
        return true;
    }

    /// <summary>Returns <paramref name="part"/> if it can be a trust domain, namespace or service account.</summary>
    /// <exception cref="ArgumentException">It has a '/' or is longer than <see cref="MaxPartLength"/>.</exception>
    public static string CheckPart(string part)
    {
        if (part.Contains('/')) throw new ArgumentException($"'{part}' contains '/', which separates the parts of a SPIFFE id.");
        if (part.Length > MaxPartLength)
            throw new ArgumentException($"A part of a SPIFFE id has {part.Length} characters; at most {MaxPartLength} are allowed.");
        return part;
    }

    /// <exception cref="FormatException">Not of the form above.</exception>
    public static SpiffeId Parse(string text) => TryParse(text, out var id)
        ? id
        : throw new FormatException($"'{text}' is not of the form spiffe://trust-domain/ns/namespace/sa/service-account.");

    public bool Equals(SpiffeId? other) => other is not null && _text == other._text;

    public override bool Equals(object? obj) => Equals(obj as SpiffeId);

    public override int GetHashCode() => _text.GetHashCode();

    public static bool operator ==(SpiffeId? left, SpiffeId? right) => left is null ? right is null : left.Equals(right);

    public static bool operator !=(SpiffeId? left, SpiffeId? right) => !(left == right);

    public override string ToString() => _text;
}
