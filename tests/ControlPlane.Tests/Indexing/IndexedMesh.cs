using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Routes;
using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Xds.Mapping;
using Google.Protobuf;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>An index, and a proxy that applies what it tells.</summary>
internal sealed class IndexedMesh
{
    public IndexedMesh(IndexOptions? options = null) => Index = new(options ?? new());

    public IndexedMesh(params KubernetesObject[] objects) : this(new IndexOptions()) => Set(objects);

    public MeshIndex Index { get; }

    public MeshState State { get; } = new();

    public MeshSnapshot Snapshot => State.Current;

    /// <summary>What a waypoint has of it.</summary>
    public TrafficState Traffic { get; } = new();

    /// <param name="name"><c>KIND/namespace/name</c>, or <c>KIND/name</c> of the default namespace.</param>
    public TrafficResource? FindTraffic(string name) =>
        Traffic.Current.Resources.GetValueOrDefault(name.Split('/') is [var kind, var shortName] ? $"{kind}/default/{shortName}" : name);

    public Route Route(string name) => FindTraffic(name)?.Route ?? throw new Xunit.Sdk.XunitException($"No route {name}.");

    public IndexChanges Set(params IEnumerable<KubernetesObject> objects)
    {
        foreach (var value in objects) Index.Set(value);
        return Take();
    }

    public IndexChanges Remove(params IEnumerable<KubernetesObject> objects)
    {
        foreach (var value in objects) Index.Remove(value);
        return Take();
    }

    public IndexChanges Take()
    {
        var changes = Index.TakeChanges();
        State.Apply(changes.Delta);
        Traffic.Apply(changes.Traffic with { Set = [.. changes.Traffic.Set.Select(Sent)] });
        return changes;
    }

    /// <summary>As a waypoint reads it: all that the index makes must survive the way.</summary>
    private static TrafficResource Sent(TrafficResource resource)
    {
        var wire = Protos.Traffic.Resource.Parser.ParseFrom(TrafficMapping.ToWire(resource).ToByteArray());
        var read = TrafficMapping.ToModel(resource.Name, wire, new(1000));
        Assert.Equal(resource, read);
        Assert.Null(read.Policy?.Policy.Fault);
        return read;
    }

    public Workload Pod(string name) => FindPod(name) ?? throw new Xunit.Sdk.XunitException($"No workload for pod {name}.");

    public Workload? FindPod(string name) => Snapshot.FindWorkload($"Kubernetes//Pod/{(name.Contains('/') ? name : $"default/{name}")}");

    public Model.Workloads.Service Service(string name) => FindService(name) ?? throw new Xunit.Sdk.XunitException($"No service {name}.");

    public Model.Workloads.Service? FindService(string name) => Snapshot.FindService(Key(name))?.Service;

    public Condition? Condition(string type, string objectName) => Index.DesiredConditions
        .Where(set => set.Object.ToString() == (objectName.Contains('/') ? objectName : $"default/{objectName}"))
        .SelectMany(static set => set.Conditions).SingleOrDefault(condition => condition.Type == type);

    public static ServiceKey Key(string name)
    {
        if (name.Contains('.')) return name.Contains('/') ? new(name.Split('/')[0], name.Split('/')[1]) : new("default", name);
        var (ns, shortName) = name.Split('/') is [var first, var second] ? (first, second) : ("default", name);
        return new(ns, $"{shortName}.{ns}.svc.cluster.local");
    }
}
