using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>The ConfigMaps that gateways refer to, each followed by a watch of its own: others of a cluster may be many and large. Not thread-safe.</summary>
/// <param name="changed">Called with the name of each gateway whose map has changed; any thread.</param>
/// <param name="stop">Ends all watches.</param>
internal sealed class ParameterMaps(
    ApiClient api, Action<ObjectName> changed, TimeProvider time, Random random, ILoggerFactory loggers, CancellationToken stop)
{
    private readonly Dictionary<ObjectName, FollowedMap> _maps = [];

    /// <summary>What <paramref name="gateway"/> refers to now; maps that nobody refers to any more are not followed any longer.</summary>
    /// <returns>Each map in the same order, null where there is none.</returns>
    public async Task<IReadOnlyList<ConfigMap?>> FindAsync(ObjectName gateway, IReadOnlyList<ObjectName> maps)
    {
        foreach (var (name, map) in _maps.Where(one => !maps.Contains(one.Key)).ToList())
            if (map.Release(gateway)) _maps.Remove(name);

        var found = new List<ConfigMap?>();
        foreach (var name in maps)
        {
            if (!_maps.TryGetValue(name, out var map)) _maps[name] = map = FollowedMap.Start(name, this, changed, stop);
            found.Add(await map.FindAsync(gateway, stop));
        }

        return found;
    }

    private Informer<ConfigMap> Follow(ObjectName name) => new(api, ResourceTypes.ConfigMap,
        new() { Query = new() { Namespace = name.Namespace, FieldSelector = $"metadata.name={name.Name}" } },
        time, new Random(random.Next()), loggers.CreateLogger<Informer<ConfigMap>>());

    private sealed class FollowedMap(ObjectName name, Informer<ConfigMap> informer, CancellationTokenSource end)
    {
        private readonly Lock _gate = new();
        private readonly HashSet<ObjectName> _gateways = [];

        public static FollowedMap Start(ObjectName name, ParameterMaps maps, Action<ObjectName> changed, CancellationToken stop)
        {
            var informer = maps.Follow(name);
            var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var map = new FollowedMap(name, informer, end);
            informer.AddHandler(_ =>
            {
                foreach (var gateway in map.Gateways()) changed(gateway);
                return ValueTask.CompletedTask;
            });
            _ = Task.Run(() => informer.RunAsync(end.Token), CancellationToken.None);
            return map;
        }

        public async Task<ConfigMap?> FindAsync(ObjectName gateway, CancellationToken stop)
        {
            lock (_gate) _gateways.Add(gateway);
            await informer.Synced.WaitAsync(stop);
            return informer.Find(name);
        }

        /// <returns>True if nobody refers to it any more: it has ended.</returns>
        public bool Release(ObjectName gateway)
        {
            lock (_gate)
                if (!_gateways.Remove(gateway) || _gateways.Count > 0) return false;
            end.Cancel();
            end.Dispose();
            return true;
        }

        private List<ObjectName> Gateways()
        {
            lock (_gate) return [.. _gateways];
        }
    }
}
