using Ambient.Kubernetes.Resources;
using Ambient.Model.Identities;
using Ambient.Model.Policies;
using Ambient.TestKit.Reference;

namespace Ambient.ControlPlane.Tests.Indexing;

public sealed class PolicyReferenceTests
{
    private const int Clusters = 10_000, ConnectionsEach = 12;

    [Fact]
    public void Compiled_policies_decide_as_the_plain_evaluator_does_on_ten_thousand_clusters()
    {
        var (allowed, refused) = (0, 0);
        for (var seed = 0; seed < Clusters; seed++)
        {
            var generator = new RandomPolicies(new Random(seed));
            var objects = generator.Cluster();
            var mesh = new IndexedMesh();
            mesh.Set(objects);
            var reference = new ReferencePolicies(objects);

            for (var number = 0; number < ConnectionsEach; number++)
            {
                var (pod, connection) = generator.Connection();
                var expected = reference.Allows(pod, connection);
                var decision = Decide(mesh, pod, connection);

                Assert.True(expected == decision.IsAllowed,
                    $"seed {seed}, {connection} to {ObjectName.Of(pod)}: expected {(expected ? "allowed" : "refused")}, got: {decision}");
                if (expected) allowed++;
                else refused++;
            }
        }

        // A generator that only ever sees one answer would prove nothing.
        Assert.InRange(allowed, Clusters, Clusters * ConnectionsEach);
        Assert.InRange(refused, Clusters, Clusters * ConnectionsEach);
    }

    private static PolicyDecision Decide(IndexedMesh mesh, Pod pod, ReferenceConnection connection)
    {
        var workload = mesh.Pod(ObjectName.Of(pod).ToString());
        var identity = connection.Principal is null ? null : SpiffeId.Parse($"spiffe://{connection.Principal}");
        return PolicyEvaluator.Evaluate(mesh.Snapshot.PoliciesFor(workload),
            new(identity, connection.Source, connection.Destination, (ushort)connection.Port));
    }
}
