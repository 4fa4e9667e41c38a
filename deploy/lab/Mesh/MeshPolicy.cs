namespace Ambient.Lab.Mesh;

/// <summary>An L4 authorization policy.</summary>
/// <param name="Scope">Global, Namespace or WorkloadSelector.</param>
/// <param name="Action">Allow or Deny.</param>
/// <param name="Rules">Rules of clauses of matches, as YAML: <c>[[[{principals: [!Exact cluster.local/ns/shop/sa/web]}]]]</c>.</param>
public sealed record MeshPolicy(string Name, string Namespace, string Scope, string Action, string Rules);
