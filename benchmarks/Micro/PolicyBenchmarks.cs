using Ambient.Model.Policies;
using Ambient.Model.State;
using BenchmarkDotNet.Attributes;

namespace Ambient.Benchmarks;

/// <summary>Whether a connection may reach a workload: finding its policies and evaluating them.</summary>
[MemoryDiagnoser]
public class PolicyBenchmarks
{
    private PolicySet _policies = null!;
    private ConnectionAttributes _connection;

    /// <summary>ALLOW policies of the namespace; the connection matches the last one.</summary>
    [Params(1, 10, 100)] public int Policies { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var (client, server) = (BenchmarkMesh.WorkloadAt(1), BenchmarkMesh.WorkloadAt(2));
        var mesh = BenchmarkMesh.Build(10, [.. Enumerable.Range(1, Policies).Select(i => Allow(i, i == Policies ? client.ServiceAccount : $"other{i}"))]);
        _policies = mesh.Current.PoliciesFor(server);
        _connection = new(client.Identity, client.Addresses[0], server.Addresses[0], 8080);
        if (_policies.Policies.Count != Policies || !Evaluate().IsAllowed)
            throw new InvalidOperationException("The mesh of this benchmark is not as meant.");
    }

    [Benchmark] public PolicyDecision Evaluate() => PolicyEvaluator.Evaluate(_policies, _connection);

    private static NamedPolicy Allow(int number, string account)
    {
        var rule = new PolicyRule([new PolicyClause([new() { ServiceAccounts = [new(BenchmarkMesh.NamespaceOf(0), account)], DestinationPorts = [8080] }])]);
        var policy = new AuthorizationPolicy
        {
            Name = $"allow{number}", Namespace = BenchmarkMesh.NamespaceOf(0), Scope = PolicyScope.Namespace, Action = PolicyAction.Allow, Rules = [rule],
        };
        return new(policy.Key, policy);
    }
}
