using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Istio: who may connect, and who may not.</summary>
public sealed record AuthorizationPolicy : KubernetesObject
{
    /// <summary>With <see cref="AuthorizationPolicySpec.Problem"/> if it cannot be read.</summary>
    [JsonConverter(typeof(AuthorizationPolicySpecConverter))]
    public AuthorizationPolicySpec? Spec { get; init; }

    [JsonConverter(typeof(ConditionedStatusConverter))]
    public ConditionedStatus? Status { get; init; }
}

/// <remarks>A field that is not known here makes the whole of it unreadable: what it would have forbidden cannot be told.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record AuthorizationPolicySpec
{
    /// <summary>
    /// Why it cannot be read; null if it can. Then only the selector, the targets and the action are given, as far as those can
    /// be read; an action that cannot is none of the known ones.
    /// </summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    public PolicySelector? Selector { get; init; }

    public PolicyTargetReference? TargetRef { get; init; }

    public IReadOnlyList<PolicyTargetReference>? TargetRefs { get; init; }

    /// <summary><c>ALLOW</c> (when absent), <c>DENY</c>, <c>AUDIT</c> or <c>CUSTOM</c>.</summary>
    public string? Action { get; init; }

    /// <summary>Absent matches nothing, a rule without fields matches everything.</summary>
    public IReadOnlyList<AuthorizationRule>? Rules { get; init; }

    /// <summary>Who decides, for <c>CUSTOM</c>.</summary>
    public PolicyProvider? Provider { get; init; }
}

public sealed record PolicyProvider
{
    public string? Name { get; init; }
}

/// <summary>Istio's own selector of policies: all labels must match.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PolicySelector
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PolicyTargetReference
{
    public string? Group { get; init; }

    public string Kind { get => field ?? ""; init; }

    public string Name { get => field ?? ""; init; }

    /// <summary>The policy's own namespace when absent; no other is allowed.</summary>
    public string? Namespace { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record AuthorizationRule
{
    public IReadOnlyList<RuleFrom>? From { get; init; }

    public IReadOnlyList<RuleTo>? To { get; init; }

    public IReadOnlyList<RuleCondition>? When { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RuleFrom
{
    public RuleSource? Source { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RuleSource
{
    public IReadOnlyList<string>? Principals { get; init; }
    public IReadOnlyList<string>? NotPrincipals { get; init; }
    public IReadOnlyList<string>? RequestPrincipals { get; init; }
    public IReadOnlyList<string>? NotRequestPrincipals { get; init; }
    public IReadOnlyList<string>? Namespaces { get; init; }
    public IReadOnlyList<string>? NotNamespaces { get; init; }
    public IReadOnlyList<string>? ServiceAccounts { get; init; }
    public IReadOnlyList<string>? NotServiceAccounts { get; init; }
    public IReadOnlyList<string>? IpBlocks { get; init; }
    public IReadOnlyList<string>? NotIpBlocks { get; init; }
    public IReadOnlyList<string>? RemoteIpBlocks { get; init; }
    public IReadOnlyList<string>? NotRemoteIpBlocks { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RuleTo
{
    public RuleOperation? Operation { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RuleOperation
{
    public IReadOnlyList<string>? Hosts { get; init; }
    public IReadOnlyList<string>? NotHosts { get; init; }
    public IReadOnlyList<string>? Ports { get; init; }
    public IReadOnlyList<string>? NotPorts { get; init; }
    public IReadOnlyList<string>? Methods { get; init; }
    public IReadOnlyList<string>? NotMethods { get; init; }
    public IReadOnlyList<string>? Paths { get; init; }
    public IReadOnlyList<string>? NotPaths { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RuleCondition
{
    /// <summary>Such as <c>source.ip</c> or <c>request.headers[x-token]</c>.</summary>
    public string Key { get => field ?? ""; init; }

    public IReadOnlyList<string>? Values { get; init; }

    public IReadOnlyList<string>? NotValues { get; init; }
}
