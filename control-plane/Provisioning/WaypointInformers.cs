using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>What runs of waypoints already, and the overlays of their classes.</summary>
internal sealed class WaypointInformers
{
    private readonly Dictionary<string, Informer<UnstructuredObject>> _objects = [];

    public WaypointInformers(ApiClient api, IndexOptions options, TimeProvider time, Random random, ILoggerFactory loggers)
    {
        var made = new ObjectQuery { LabelSelector = $"{MeshLabels.ManagedBy}={MeshLabels.ManagedWaypoint}" };
        foreach (var kind in WaypointKinds.All) _objects[kind.Kind] = New(kind, made);
        ClassDefaults = New(ResourceTypes.ConfigMap, new() { Namespace = options.SystemNamespace, LabelSelector = MeshLabels.DefaultsForClass });

        Informer<T> New<T>(ResourceType<T> type, ObjectQuery query) where T : KubernetesObject =>
            new(api, type, new() { Query = query }, time, new Random(random.Next()), loggers.CreateLogger<Informer<T>>());
    }

    /// <summary>ConfigMaps that name a class in their label.</summary>
    public Informer<ConfigMap> ClassDefaults { get; }

    public IEnumerable<IInformer> All => [.. _objects.Values, ClassDefaults];

    public Task Synced => Task.WhenAll(All.Select(static informer => informer.Synced));

    public Informer<UnstructuredObject> Of(ResourceKind kind) => _objects[kind.Kind];

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(All.Select(informer => informer.RunAsync(stop)));
}
