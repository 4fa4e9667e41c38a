using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Indexing;

public sealed class IncrementalIndexTests
{
    private const int Histories = 1000, Steps = 60;

    [Fact]
    public void What_a_history_of_changes_leads_to_is_what_the_final_objects_alone_lead_to()
    {
        var (resources, traffic) = (0, 0);
        for (var seed = 0; seed < Histories; seed++)
        {
            var random = new Random(seed);
            var options = OptionsFor(seed);
            var (mesh, objects) = (new IndexedMesh(options), new Dictionary<(Type, ObjectName), KubernetesObject>());
            var told = new Told();
            for (var step = random.Next(1, Steps); step > 0; step--)
            {
                Change(mesh.Index, objects, random);
                if (random.Next(3) == 0) told.Take(mesh.Take(), seed);
            }
            told.Take(mesh.Take(), seed);

            KubernetesObject[] final = [.. objects.Values];
            random.Shuffle(final);
            var fresh = new IndexedMesh(options);
            fresh.Set(final);

            AssertSame(fresh, mesh, seed);
            resources += fresh.Snapshot.WorkloadCount + fresh.Snapshot.ServiceCount + fresh.Snapshot.PolicyCount;
            traffic += fresh.Traffic.Current.Resources.Count;
        }
        Assert.True(traffic > Histories / 2, $"only {traffic} routes and the like: the histories are too thin to tell anything");
        Assert.True(resources > Histories * 5, $"only {resources} resources: the histories are too thin to tell anything");
    }

    private static IndexOptions OptionsFor(int seed) => new()
    {
        AllowWaypointsOnly = seed % 3 == 0,
        AroundWaypoints = seed % 7 == 0 ? AroundWaypoints.AsStock : AroundWaypoints.Refuse,
        MultiNetwork = seed % 4 == 0,
        UnenforceableRules = seed % 5 == 0 ? UnenforceableRules.AsStock : UnenforceableRules.FailClosed,
    };

    private static void Change(MeshIndex index, Dictionary<(Type, ObjectName), KubernetesObject> objects, Random random)
    {
        if (objects.Count > 0 && random.Next(4) == 0)
        {
            var (key, value) = objects.ElementAt(random.Next(objects.Count));
            objects.Remove(key);
            index.Remove(value);
            return;
        }
        var next = new RandomObjects(random).Next();
        objects[(next.GetType(), ObjectName.Of(next))] = next;
        index.Set(next);
    }

    private static void AssertSame(IndexedMesh expected, IndexedMesh actual, int seed)
    {
        AssertSame(Workloads(expected), Workloads(actual), seed);
        AssertSame(Services(expected), Services(actual), seed);
        AssertSame(Policies(expected), Policies(actual), seed);
        AssertSame(Traffic(expected), Traffic(actual), seed);
        AssertSame(Conditions(expected), Conditions(actual), seed);
        AssertSame(Diagnostics(expected), Diagnostics(actual), seed);
        AssertSame(Counts(expected), Counts(actual), seed);
    }

    private static Dictionary<string, object> Counts(IndexedMesh mesh) => mesh.Index.AttachedRoutes.ToDictionary(static one => one.Key.ToString(), static one => (object)one.Value);

    private static Dictionary<string, object> Workloads(IndexedMesh mesh) => mesh.Snapshot.Workloads.ToDictionary(static w => w.Uid, static w => (object)w);

    private static Dictionary<string, object> Services(IndexedMesh mesh) =>
        mesh.Snapshot.Services.ToDictionary(static s => s.Service.Key.ToString(), static s => (object)s.Service);

    private static Dictionary<string, object> Policies(IndexedMesh mesh) => mesh.Snapshot.Policies.ToDictionary(static p => p.ResourceName, static p => (object)p.Policy);

    private static Dictionary<string, object> Traffic(IndexedMesh mesh) => mesh.Traffic.Current.Resources.ToDictionary(static r => r.Key, static r => (object)r.Value);

    private static Dictionary<string, object> Conditions(IndexedMesh mesh) =>
        mesh.Index.DesiredConditions.ToDictionary(static set => $"{set.Kind.Kind} {set.Object} {set.FieldManager}", static set => (object)set);

    private static Dictionary<string, object> Diagnostics(IndexedMesh mesh) => mesh.Index.Diagnostics.Select(static line => line.ToString())
        .GroupBy(static line => line).ToDictionary(static group => group.Key, static group => (object)group.Count());

    private static void AssertSame(Dictionary<string, object> expected, Dictionary<string, object> actual, int seed)
    {
        foreach (var (name, value) in expected)
            Assert.True(actual.TryGetValue(name, out var found) && found.Equals(value), $"seed {seed}: expected {value}, found {found}");
        foreach (var (name, value) in actual)
            Assert.True(expected.ContainsKey(name), $"seed {seed}: {value} should not be there");
    }

    /// <summary>What was told so far: telling the same again, or removing what was never there, is noise.</summary>
    private sealed class Told
    {
        private readonly Dictionary<string, object> _known = [];

        public void Take(IndexChanges changes, int seed)
        {
            foreach (var workload in changes.Delta.Workloads) Learn(workload.Uid, workload, seed);
            foreach (var service in changes.Delta.Services) Learn(service.Key.ToString(), service, seed);
            foreach (var policy in changes.Delta.Policies) Learn($"policy {policy.ResourceName}", policy.Policy, seed);
            foreach (var resource in changes.Traffic.Set) Learn(resource.Name, resource, seed);
            foreach (var name in changes.Traffic.Removed) Assert.True(_known.Remove(name), $"seed {seed}: {name} was not there");
            foreach (var name in changes.Delta.RemovedAddresses) Assert.True(_known.Remove(name), $"seed {seed}: {name} was not there");
            foreach (var name in changes.Delta.RemovedPolicies) Assert.True(_known.Remove($"policy {name}"), $"seed {seed}: {name} was not there");
        }

        private void Learn(string name, object value, int seed)
        {
            Assert.False(_known.TryGetValue(name, out var known) && known.Equals(value), $"seed {seed}: {name} is told again unchanged");
            _known[name] = value;
        }
    }
}
