using Ambient.ControlPlane.Indexing.Graph;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Backends;

/// <summary>BackendTLSPolicy → <see cref="BackendTlsFacts"/>. Pure.</summary>
/// <remarks>What cannot be honoured leaves its services without any connection: to send in plain what was to be sent over TLS is never right.</remarks>
internal static class BackendTlsReader
{
    private const int MostTargets = 16, MostKept = 64, MostAuthorities = 8, MostNames = 5, LongestUri = 253;

    public static BackendTlsFacts Read(BackendTlsPolicy policy, Findings findings)
    {
        var (spec, name) = (policy.Spec ?? new(), ObjectName.Of(policy));
        var validation = spec.Validation ?? new();
        var problem = ProblemOf(spec);
        if (problem is not null) findings.Add("spec", $"{problem} Its services are not reached.", "Correct it: kubectl edit backendtlspolicy.");
        return new(name, policy.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue,
            (spec.TargetRefs ?? []).OfType<SectionTargetReference>().Take(MostKept).Select(reference => TargetOf(reference, name.Namespace)).Distinct().ToEquatableArray(),
            new() { ServerName = validation.Hostname, Names = NamesOf(validation).ToEquatableArray() },
            AuthoritiesOf(spec, name.Namespace), problem,
            spec.Options is { Count: > 0 } options ? $"options: {options.Count} of them, for other implementations, are left out." : "");
    }

    /// <summary>What the policy refers to for certificate authorities, also where it cannot be honoured for another reason.</summary>
    public static EquatableArray<AuthorityReference> AuthoritiesOf(BackendTlsPolicySpec? spec, string ns) =>
        (spec?.Validation?.CaCertificateRefs ?? []).OfType<LocalReference>().Take(MostAuthorities).Select(reference => new AuthorityReference(
            $"{reference.Kind} {ns}/{reference.Name}", reference is { Group: null or "" or "core", Kind: "ConfigMap", Name.Length: > 0 } ? new(ns, reference.Name) : null)).ToEquatableArray();

    private static BackendTarget TargetOf(SectionTargetReference reference, string ns) => new(reference,
        PolicyTargets.KeyOf(reference.Whole, ns) is { Kind: TargetKind.Service or TargetKind.ServiceEntry } key ? key : null, reference.SectionName ?? "");

    private static IEnumerable<string> NamesOf(BackendTlsValidation validation) =>
        (validation.SubjectAltNames ?? []).OfType<SubjectAltName>().Take(MostNames).Select(static name => (name.Type == "URI" ? name.Uri : name.Hostname) ?? "");

    private static string? ProblemOf(BackendTlsPolicySpec spec)
    {
        if (spec.Problem is { } unreadable) return $"It cannot be read: {unreadable}";
        if (spec.TargetRefs?.Count > MostTargets) return $"targetRefs: {spec.TargetRefs.Count} of them; at most {MostTargets} are allowed.";
        if (spec.Validation is not { } validation) return "validation: it says not how servers are recognized.";
        if (!HostNames.IsHost(validation.Hostname) || HostPattern.IsWildcard(validation.Hostname)) return $"validation.hostname: {Findings.Quote(validation.Hostname)} is no host name.";
        return AuthoritiesProblemOf(validation) ?? NamesProblemOf(validation);
    }

    private static string? AuthoritiesProblemOf(BackendTlsValidation validation)
    {
        var (references, wellKnown) = (validation.CaCertificateRefs?.Count ?? 0, validation.WellKnownCACertificates ?? "");
        if (references > MostAuthorities) return $"validation.caCertificateRefs: {references} of them; at most {MostAuthorities} are allowed.";
        if (references > 0 && wellKnown.Length > 0) return "validation: caCertificateRefs and wellKnownCACertificates exclude each other.";
        if (references > 0) return null;
        return wellKnown == "System" ? null : wellKnown.Length == 0 ? "validation: it names no authorities; set caCertificateRefs, or wellKnownCACertificates: System."
            : $"validation.wellKnownCACertificates: {Findings.Quote(wellKnown)} is not known; use System.";
    }

    private static string? NamesProblemOf(BackendTlsValidation validation)
    {
        var names = validation.SubjectAltNames ?? [];
        if (names.Count > MostNames) return $"validation.subjectAltNames: {names.Count} of them; at most {MostNames} are allowed.";
        foreach (var name in names)
        {
            var isSound = name switch
            {
                { Type: "Hostname", Uri: null or "" } => HostNames.IsHost(name.Hostname) && name.Hostname != "*",
                { Type: "URI", Hostname: null or "" } => name.Uri is { Length: > 0 and <= LongestUri } && Uri.TryCreate(name.Uri, UriKind.Absolute, out _),
                _ => false,
            };
            if (!isSound) return $"validation.subjectAltNames: type {Findings.Quote(name?.Type)} with {Findings.Quote(name?.Hostname ?? name?.Uri)} is neither a Hostname nor a URI.";
        }
        return null;
    }
}
