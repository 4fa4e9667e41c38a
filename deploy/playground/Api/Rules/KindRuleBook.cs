using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api.Rules;

/// <summary>The rules of each built-in kind.</summary>
internal sealed class KindRuleBook
{
    private readonly Dictionary<(string Group, string Kind), KindRules> _rules;

    public KindRuleBook(KindCatalog kinds, PlaygroundApiOptions options, string authorityPem)
    {
        var workload = new WorkloadRules();
        _rules = new()
        {
            [("", "Namespace")] = new NamespaceRules(authorityPem),
            [("", "Pod")] = new PodRules(),
            [("", "Service")] = new ServiceRules(options.ServiceRange, options.ServiceRangeV6),
            [("", "Secret")] = new SecretRules(),
            [("", "ConfigMap")] = new ConfigMapRules(authorityPem),
            [("", "ServiceAccount")] = new ServiceAccountRules(),
            [("", "Node")] = new NodeRules(),
            [("apps", "Deployment")] = workload,
            [("apps", "ReplicaSet")] = workload,
            [("apps", "DaemonSet")] = workload,
            [("apps", "StatefulSet")] = workload,
            [("batch", "Job")] = new JobRules(),
            [("rbac.authorization.k8s.io", "RoleBinding")] = new RoleBindingRules(),
            [("rbac.authorization.k8s.io", "ClusterRoleBinding")] = new RoleBindingRules(),
            [("apiextensions.k8s.io", "CustomResourceDefinition")] = new CustomKindRules(kinds),
        };
    }

    public KindRules For(ResourceKind kind) => _rules.GetValueOrDefault((kind.Group, kind.Kind), KindRules.None);
}
