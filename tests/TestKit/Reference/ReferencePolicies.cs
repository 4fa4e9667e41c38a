using System.Net;
using Ambient.Kubernetes.Resources;

namespace Ambient.TestKit.Reference;

/// <summary>One connection to a pod.</summary>
/// <param name="Principal">The caller's proven identity without scheme, such as <c>cluster.local/ns/shop/sa/web</c>; null for plaintext.</param>
/// <param name="Port">The pod's own.</param>
public sealed record ReferenceConnection(string? Principal, IPAddress Source, IPAddress Destination, int Port)
{
    public string? Namespace => Principal?.Split('/')[2];

    public string? Account => Principal?.Split('/')[4];
}

/// <summary>
/// Says whether the policies of a cluster let a connection in, straight from the objects: no index, no compiled form. Slow and
/// plain on purpose. What a node proxy cannot evaluate is <see cref="Verdict.Unknown"/>: a DENY takes that for yes, an ALLOW for no.
/// </summary>
public sealed class ReferencePolicies(IReadOnlyCollection<KubernetesObject> objects, string rootNamespace = "istio-system")
{
    private static readonly string[] ConnectionKeys =
        ["source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port"];

    public bool Allows(Pod pod, ReferenceConnection connection)
    {
        if (connection.Principal is null && IsStrict(pod, connection.Port)) return false;

        var policies = objects.OfType<AuthorizationPolicy>().Where(policy => AppliesTo(policy, pod)).ToList();
        var denying = policies.Where(static policy => policy.Spec?.Action is "DENY" or "CUSTOM");
        if (denying.Any(policy => Matches(policy, connection) != Verdict.No)) return false;

        var allowing = policies.Where(static policy => policy.Spec?.Action is null or "ALLOW").ToList();
        return allowing.Count == 0 || allowing.Any(policy => Matches(policy, connection) == Verdict.Yes);
    }

    private bool AppliesTo(AuthorizationPolicy policy, Pod pod)
    {
        var spec = policy.Spec;
        if (spec?.TargetRef is not null || spec?.TargetRefs is { Count: > 0 }) return false;
        if (policy.Metadata.Annotation("istio.io/dry-run") == "true") return false;
        var isHere = policy.Metadata.Namespace == pod.Metadata.Namespace || policy.Metadata.Namespace == rootNamespace;
        return isHere && Selects(spec?.Selector?.MatchLabels, pod);
    }

    private static bool Selects(IReadOnlyDictionary<string, string>? labels, Pod pod) =>
        (labels ?? new Dictionary<string, string>()).All(label => pod.Metadata.Label(label.Key) == label.Value);

    private static Verdict Matches(AuthorizationPolicy policy, ReferenceConnection connection) =>
        Verdicts.Any((policy.Spec?.Rules ?? []).Select(rule => Matches(rule, policy, connection)));

    private static Verdict Matches(AuthorizationRule? rule, AuthorizationPolicy policy, ReferenceConnection connection)
    {
        if (rule is null) return Verdict.Unknown;
        // An ALLOW rule with attributes of requests is left out as a whole.
        if (policy.Spec?.Action is null or "ALLOW" && HasRequestAttributes(rule)) return Verdict.No;
        return Verdicts.All(
        [
            AnyOf(rule.From, from => Source(from?.Source, policy.Metadata.Namespace!, connection)),
            AnyOf(rule.To, to => Operation(to?.Operation, connection)),
            .. (rule.When ?? []).Select(when => Condition(when, connection)),
        ]);
    }

    private static Verdict AnyOf<T>(IReadOnlyList<T>? alternatives, Func<T, Verdict> evaluate) =>
        alternatives is not { Count: > 0 } ? Verdict.Yes : Verdicts.Any(alternatives.Select(evaluate));

    private static bool HasRequestAttributes(AuthorizationRule rule) =>
        (rule.From ?? []).Any(static from => RequestLists(from?.Source).Any(IsGiven))
        || (rule.To ?? []).Any(static to => RequestLists(to?.Operation).Any(IsGiven))
        || (rule.When ?? []).Any(static when => !ConnectionKeys.Contains(when?.Key) && (IsGiven(when?.Values) || IsGiven(when?.NotValues)));

    private static IReadOnlyList<string>?[] RequestLists(RuleSource? source) =>
        [source?.RequestPrincipals, source?.NotRequestPrincipals, source?.RemoteIpBlocks, source?.NotRemoteIpBlocks];

    private static IReadOnlyList<string>?[] RequestLists(RuleOperation? operation) =>
        [operation?.Hosts, operation?.NotHosts, operation?.Methods, operation?.NotMethods, operation?.Paths, operation?.NotPaths];

    private static bool IsGiven(IReadOnlyList<string>? list) => list is { Count: > 0 };

    private static Verdict Source(RuleSource? source, string policyNamespace, ReferenceConnection connection)
    {
        if (source is null) return Verdict.Unknown;
        List<Verdict> verdicts =
        [
            .. Lists(source.Principals, source.NotPrincipals, value => Text(value, connection.Principal)),
            .. Lists(source.Namespaces, source.NotNamespaces, value => Text(value, connection.Namespace)),
            .. Lists(source.ServiceAccounts, source.NotServiceAccounts, value => Account(value, policyNamespace, connection)),
            .. Lists(source.IpBlocks, source.NotIpBlocks, value => Range(value, connection.Source)),
            .. RequestLists(source).Where(IsGiven).Select(static _ => Verdict.Unknown),
        ];
        return verdicts.Count == 0 ? Verdict.Unknown : Verdicts.All(verdicts); // an empty source says nothing
    }

    private static Verdict Operation(RuleOperation? operation, ReferenceConnection connection)
    {
        if (operation is null) return Verdict.Unknown;
        List<Verdict> verdicts =
        [
            .. Lists(operation.Ports, operation.NotPorts, value => Port(value, connection.Port)),
            .. RequestLists(operation).Where(IsGiven).Select(static _ => Verdict.Unknown),
        ];
        return verdicts.Count == 0 ? Verdict.Unknown : Verdicts.All(verdicts);
    }

    private static Verdict Condition(RuleCondition? when, ReferenceConnection connection)
    {
        if (when is null || (!IsGiven(when.Values) && !IsGiven(when.NotValues))) return Verdict.Unknown;
        return when.Key switch
        {
            "source.ip" => Verdicts.All(Lists(when.Values, when.NotValues, value => Range(value, connection.Source))),
            "source.namespace" => Verdicts.All(Lists(when.Values, when.NotValues, value => Text(value, connection.Namespace))),
            "source.principal" => Verdicts.All(Lists(when.Values, when.NotValues, value => Text(value, connection.Principal))),
            "destination.ip" => Verdicts.All(Lists(when.Values, when.NotValues, value => Range(value, connection.Destination))),
            "destination.port" => Verdicts.All(Lists(when.Values, when.NotValues, value => Port(value, connection.Port))),
            _ => Verdict.Unknown,
        };
    }

    /// <summary>One of the values, and none of the others.</summary>
    private static IEnumerable<Verdict> Lists(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, Func<string, Verdict> evaluate)
    {
        if (IsGiven(values)) yield return Verdicts.Any(values!.Select(evaluate));
        if (IsGiven(notValues)) yield return Verdicts.Not(Verdicts.Any(notValues!.Select(evaluate)));
    }

    private static Verdict Text(string? pattern, string? value)
    {
        if (pattern is null or "" || pattern.Contains("://", StringComparison.Ordinal)) return Verdict.Unknown;
        if (pattern == "*") return Verdicts.Of(value is { Length: > 0 });
        if (pattern.StartsWith('*'))
            return pattern[1..].Contains('*') ? Verdict.Unknown : Verdicts.Of(value?.EndsWith(pattern[1..], StringComparison.Ordinal) == true);
        if (pattern.EndsWith('*'))
            return pattern[..^1].Contains('*') ? Verdict.Unknown : Verdicts.Of(value?.StartsWith(pattern[..^1], StringComparison.Ordinal) == true);
        return pattern.Contains('*') ? Verdict.Unknown : Verdicts.Of(pattern == value);
    }

    private static Verdict Account(string? text, string policyNamespace, ReferenceConnection connection)
    {
        var parts = text is null or "" || text.Contains('*') ? [] : text.Split('/');
        if (parts.Length is 0 or > 2 || parts.Any(static part => part.Length == 0)) return Verdict.Unknown;
        var (ns, name) = parts.Length == 2 ? (parts[0], parts[1]) : (policyNamespace, parts[0]);
        return Verdicts.Of(connection.Namespace == ns && connection.Account == name);
    }

    private static Verdict Range(string? text, IPAddress address)
    {
        var parts = (text ?? "").Split('/');
        if (parts.Length > 2 || !IPAddress.TryParse(parts[0], out var first) || first.ToString() != parts[0]) return Verdict.Unknown;
        var (left, right) = (first.GetAddressBytes(), address.GetAddressBytes());
        var length = left.Length * 8;
        if (parts.Length == 2 && (!int.TryParse(parts[1], out length) || length < 0 || length > left.Length * 8)) return Verdict.Unknown;
        return Verdicts.Of(left.Length == right.Length
            && Enumerable.Range(0, length).All(bit => SameBit(left, right, bit)));
    }

    private static bool SameBit(byte[] left, byte[] right, int bit) => ((left[bit / 8] ^ right[bit / 8]) >> (7 - bit % 8) & 1) == 0;

    private static Verdict Port(string? text, int port) =>
        int.TryParse(text, out var number) && number is > 0 and <= 65535 && text!.All(char.IsAsciiDigit) ? Verdicts.Of(number == port) : Verdict.Unknown;

    /// <summary>A port's own mode, else the selecting object's, else the namespace's, else the mesh's.</summary>
    private bool IsStrict(Pod pod, int port)
    {
        var peers = objects.OfType<PeerAuthentication>()
            .OrderBy(static peer => peer.Metadata.CreationTimestamp).ThenBy(static peer => peer.Metadata.Name, StringComparer.Ordinal).ToList();
        var own = peers.Where(peer => HasSelector(peer) && peer.Metadata.Namespace == pod.Metadata.Namespace
            && peer.Metadata.Namespace != rootNamespace && Selects(peer.Spec!.Selector!.MatchLabels, pod)).FirstOrDefault();
        var ofNamespace = peers.Find(peer => !HasSelector(peer) && peer.Metadata.Namespace == pod.Metadata.Namespace);
        var ofMesh = peers.Find(peer => !HasSelector(peer) && peer.Metadata.Namespace == rootNamespace);

        var portModes = own?.Spec?.PortLevelMtls ?? new Dictionary<string, MutualTls>();
        // A STRICT that was meant for a port nobody can name might be meant for this one.
        var lostStrict = portModes.Any(static entry => entry.Value?.Mode == "STRICT" && Port(entry.Key, 1) == Verdict.Unknown);
        string?[] modes =
        [
            portModes.GetValueOrDefault(port.ToString())?.Mode,
            lostStrict ? "STRICT" : own?.Spec?.Mtls?.Mode,
            ofNamespace?.Spec?.Mtls?.Mode,
            ofMesh?.Spec?.Mtls?.Mode,
        ];
        return modes.FirstOrDefault(static mode => mode is not (null or "" or "UNSET")) == "STRICT";
    }

    private static bool HasSelector(PeerAuthentication peer) => peer.Spec?.Selector?.MatchLabels is { Count: > 0 };
}
