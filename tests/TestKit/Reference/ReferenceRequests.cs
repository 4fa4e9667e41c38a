using Ambient.Kubernetes.Resources;

namespace Ambient.TestKit.Reference;

/// <param name="Principal">Without a scheme.</param>
/// <param name="Path">In its canonical form.</param>
public sealed record ReferenceRequest(string Principal, int Port, string Host, string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    public string Namespace => Principal.Split('/')[2];
}

/// <summary>What AuthorizationPolicies say about a request, read from the objects as plainly as can be: slow, and nothing shared with the code under test.</summary>
public sealed class ReferenceRequests(IReadOnlyCollection<AuthorizationPolicy> policies)
{
    public bool Allows(ReferenceRequest request)
    {
        if (Of("DENY").Any(policy => Matches(policy, request))) return false;
        var allowing = Of("ALLOW").ToList();
        return allowing.Count == 0 || allowing.Exists(policy => Matches(policy, request));
    }

    private IEnumerable<AuthorizationPolicy> Of(string action) => policies.Where(policy => (policy.Spec!.Action ?? "ALLOW") == action);

    private static bool Matches(AuthorizationPolicy policy, ReferenceRequest request) => (policy.Spec!.Rules ?? []).Any(rule => rule is not null && Holds(rule, request));

    private static bool Holds(AuthorizationRule rule, ReferenceRequest request) =>
        (rule.From is not { Count: > 0 } || rule.From.Any(from => Holds(from.Source!, request)))
        && (rule.To is not { Count: > 0 } || rule.To.Any(to => Holds(to.Operation!, request)))
        && (rule.When ?? []).All(condition => Holds(condition, request));

    private static bool Holds(RuleSource source, ReferenceRequest request) =>
        Hits(source.Principals, source.NotPrincipals, request.Principal, Same) && Hits(source.Namespaces, source.NotNamespaces, request.Namespace, Same);

    private static bool Holds(RuleOperation operation, ReferenceRequest request) =>
        Hits(operation.Methods, operation.NotMethods, request.Method, Same)
        && Hits(operation.Paths, operation.NotPaths, request.Path, static (pattern, path) => pattern.Contains('{') ? IsPath(pattern, path) : Same(pattern, path))
        && Hits(operation.Hosts, operation.NotHosts, request.Host, static (pattern, host) => Same(pattern.ToLowerInvariant(), host.ToLowerInvariant()))
        && Hits(operation.Ports, operation.NotPorts, $"{request.Port}", Same);

    private static bool Holds(RuleCondition condition, ReferenceRequest request)
    {
        var header = condition.Key["request.headers[".Length..^1];
        var isThere = request.Headers.TryGetValue(header, out var value);
        return (condition.Values is not { Count: > 0 } values || (isThere && values.Any(pattern => Same(pattern, value!))))
            && (condition.NotValues is not { Count: > 0 } notValues || !isThere || !notValues.Any(pattern => Same(pattern, value!)));
    }

    private static bool Hits(IReadOnlyList<string>? values, IReadOnlyList<string>? notValues, string value, Func<string, string, bool> same) =>
        (values is not { Count: > 0 } || values.Any(pattern => same(pattern, value))) && !(notValues ?? []).Any(pattern => same(pattern, value));

    private static bool Same(string pattern, string value)
    {
        if (pattern == "*") return value.Length > 0;
        if (pattern.EndsWith('*')) return value.StartsWith(pattern[..^1], StringComparison.Ordinal);
        return pattern.StartsWith('*') ? value.EndsWith(pattern[1..], StringComparison.Ordinal) : pattern == value;
    }

    /// <summary>Segment by segment: <c>{*}</c> is one that is not empty, <c>{**}</c> whatever follows.</summary>
    private static bool IsPath(string template, string path) => IsPath(template.Split('/'), path.Split('/'));

    private static bool IsPath(ReadOnlySpan<string> template, ReadOnlySpan<string> path)
    {
        if (template.IsEmpty) return path.IsEmpty;
        if (template[0] == "{**}")
        {
            for (var taken = 1; taken <= path.Length; taken++) // what follows its slash may be empty, the slash itself is needed
                if (IsPath(template[1..], path[taken..])) return true;
            return false;
        }

        return !path.IsEmpty && (template[0] == "{*}" ? path[0].Length > 0 : template[0] == path[0]) && IsPath(template[1..], path[1..]);
    }
}
