using System.Globalization;
using Ambient.ControlPlane.Indexing.Selection;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Policies;
using PolicyAction = Ambient.Model.Policies.PolicyAction;
using ModelPolicy = Ambient.Model.Policies.AuthorizationPolicy;

namespace Ambient.ControlPlane.Indexing.Policies;

/// <summary>Whether callers must prove an identity.</summary>
internal enum PeerMode
{
    /// <summary>As the level above says; at the top, permissive.</summary>
    Unset,

    /// <summary>
    /// Nothing is asked of callers, whatever the level above says: in this it differs from <see cref="Unset"/>. The proxies know
    /// only "has an identity or not", so it enforces what <see cref="Permissive"/> enforces: plaintext is let in, and a tunnel
    /// too, since refusing a proven caller would make nothing safer.
    /// </summary>
    Disable,

    Permissive,

    Strict,
}

/// <summary>One PeerAuthentication, read and checked. Equal by content.</summary>
/// <param name="Selector">Null: it is for the namespace, or the mesh.</param>
/// <param name="Ports">Only those with a mode of their own; sorted. Only with a selector.</param>
internal sealed record PeerFacts(ObjectName Name, LabelQuery? Selector, PeerMode Mode, EquatableArray<(ushort Port, PeerMode Mode)> Ports, DateTimeOffset Created)
{
    /// <summary>What it says is not known.</summary>
    public bool IsUnreadable { get; init; }

    /// <summary>The oldest is in force; names break ties.</summary>
    public static int Compare(PeerFacts left, PeerFacts right)
    {
        var order = left.Created.CompareTo(right.Created);
        return order != 0 ? order : string.CompareOrdinal(left.Name.Name, right.Name.Name);
    }
}

/// <summary>PeerAuthentication → policies that refuse callers without identity. Pure.</summary>
/// <remarks>
/// A port's own mode, else the selecting object's, else the namespace's, else the mesh's, decides; whoever has a mode other than
/// UNSET is not asked further. DISABLE on a port exempts it exactly as PERMISSIVE does, at every level alike.
/// </remarks>
internal static class PeerAuthenticationBuilder
{
    public const string StaticStrictName = "istio_converted_static_strict";

    private static readonly PolicyMatch NoIdentity = new() { NotPrincipals = [StringMatcher.Presence] };

    public static PeerFacts Read(PeerAuthentication value, string rootNamespace, Findings findings)
    {
        var spec = value.Spec ?? new();
        var (name, selector) = (ObjectName.Of(value), LabelQuery.Of(spec.Selector?.MatchLabels));
        if (spec.Problem is { } problem)
            findings.Add("spec", $"It cannot be read, so it is taken as STRICT: {problem}", "Correct it: kubectl edit peerauthentication.");
        var mode = spec.Problem is null ? ModeOf(spec.Mtls, "spec.mtls.mode", findings) : PeerMode.Strict;
        var ports = new SortedDictionary<ushort, PeerMode>();
        foreach (var (text, port) in spec.PortLevelMtls ?? new Dictionary<string, MutualTls>())
        {
            var portMode = ModeOf(port, $"spec.portLevelMtls[{text}].mode", findings);
            if (portMode == PeerMode.Unset) continue;
            if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            {
                ports[number] = portMode;
                continue;
            }
            findings.Add("spec.portLevelMtls", $"{Findings.Quote(text)} is not a port; " + (portMode == PeerMode.Strict
                ? "as nobody knows which was meant, all ports without a mode of their own are STRICT." : "it exempts nothing."),
                "Use the workload's port, from 1 to 65535.");
            if (portMode == PeerMode.Strict && selector is not null) mode = PeerMode.Strict;
        }
        if (selector is null && ports.Count > 0)
        {
            findings.Add("spec.portLevelMtls", "Ports have modes of their own only together with a selector; they are ignored.", "Add spec.selector.matchLabels.");
            ports.Clear();
        }
        if (selector is not null && name.Namespace == rootNamespace)
            findings.Add("spec.selector", $"An object of the root namespace ({rootNamespace}) with a selector selects nothing.",
                "Create it in the workload's own namespace.");
        return new(name, selector, mode, ports.Select(static port => (port.Key, port.Value)).ToEquatableArray(),
            value.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue) { IsUnreadable = spec.Problem is not null };
    }

    /// <summary>Refuses every caller without identity; workloads that are STRICT throughout name it.</summary>
    public static ModelPolicy StaticStrict(string rootNamespace) => Deny(StaticStrictName, rootNamespace, [new([new([NoIdentity])])]);

    public static string StaticStrictKey(string rootNamespace) => $"{rootNamespace}/{StaticStrictName}";

    public const string ConvertedPrefix = "converted_peer_authentication_";

    public static string ConvertedName(string peerName) => $"{ConvertedPrefix}{peerName}";

    /// <summary>The policy that a selecting object needs because its ports differ.</summary>
    /// <param name="parentIsStrict">What its namespace says.</param>
    /// <returns>Null if its ports do not differ from the rest.</returns>
    public static ModelPolicy? Converted(PeerFacts facts, bool parentIsStrict)
    {
        var isStrict = IsStrict(facts, parentIsStrict);
        var different = facts.Ports.Where(port => port.Mode == PeerMode.Strict != isStrict).Select(static port => port.Port).ToArray();
        if (different.Length == 0) return null;
        return Deny(ConvertedName(facts.Name.Name), facts.Name.Namespace, isStrict ? [ExceptOn(different)] : [.. different.Select(OnlyOn)]);
    }

    /// <summary>Whether ports without a mode of their own refuse callers without identity.</summary>
    public static bool IsStrict(PeerFacts facts, bool parentIsStrict) =>
        facts.Mode == PeerMode.Unset ? parentIsStrict : facts.Mode == PeerMode.Strict;

    // One rule: no identity, and none of the exempt ports.
    private static PolicyRule ExceptOn(ushort[] exempt) =>
        new([new([NoIdentity]), .. exempt.Select(static port => new PolicyClause([new() { NotDestinationPorts = [port] }]))]);

    private static PolicyRule OnlyOn(ushort port) => new([new([NoIdentity with { DestinationPorts = [port] }])]);

    private static ModelPolicy Deny(string name, string ns, EquatableArray<PolicyRule> rules) => new()
    {
        Name = name,
        Namespace = ns,
        Scope = PolicyScope.WorkloadSelector,
        Action = PolicyAction.Deny,
        Rules = rules,
    };

    private static PeerMode ModeOf(MutualTls? mtls, string field, Findings findings)
    {
        switch (mtls?.Mode)
        {
            case null or "" or "UNSET": return PeerMode.Unset;
            case "DISABLE": return PeerMode.Disable;
            case "PERMISSIVE": return PeerMode.Permissive;
            case "STRICT": return PeerMode.Strict;
        }
        findings.Add(field, $"{Findings.Quote(mtls.Mode)} is not known; it is taken as STRICT.", "Use UNSET, DISABLE, PERMISSIVE or STRICT.");
        return PeerMode.Strict;
    }
}
