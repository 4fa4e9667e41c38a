using Ambient.ControlPlane.Callers;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Publishing;

/// <summary>The ConfigMaps that other objects refer to, each followed by a watch of its own: others of a cluster may be many and large. Not thread-safe.</summary>
/// <param name="changed">
/// Told each change of a map, and who refers to it; any thread. One that is not followed any longer is told as deleted, to nobody.
/// </param>
/// <param name="stop">Ends all watches.</param>
internal sealed class FollowedMaps(
    ApiClient api, Func<ObjectChange<ConfigMap>, IReadOnlyList<ObjectName>, ValueTask> changed, TimeProvider time, Random random, ILoggerFactory loggers, CancellationToken stop,
    int mostInNamespace = FollowedMaps.MostInNamespace)
{
    /// <summary>Of one namespace: each is a watch.</summary>
    public const int MostInNamespace = 256;

    private readonly Dictionary<ObjectName, FollowedMap> _maps = [];

    /// <summary>What <paramref name="referrer"/> refers to now; maps that nobody refers to any more are not followed any longer.</summary>
    /// <returns>Each map in the same order, null where there is none, or can be none of that name, or where its namespace has too many.</returns>
    public async Task<IReadOnlyList<ConfigMap?>> FindAsync(ObjectName referrer, IReadOnlyList<ObjectName> maps)
    {
        foreach (var (name, map) in _maps.Where(one => !maps.Contains(one.Key)).ToList())
        {
            if (!map.Release(referrer)) continue;
            _maps.Remove(name);
            await map.EndAsync();
            if (map.Found is { } last) await changed(new(ChangeKind.Deleted, last, null), []);
        }

        var found = new List<ConfigMap?>();
        foreach (var name in maps)
        {
            if (!_maps.TryGetValue(name, out var map))
            {
                if (!CanBe(name) || _maps.Keys.Count(other => other.Namespace == name.Namespace) >= mostInNamespace)
                {
                    found.Add(null);
                    continue;
                }
                _maps[name] = map = FollowedMap.Start(name, Follow(name), changed, stop);
            }
            found.Add(await map.FindAsync(referrer, stop));
        }

        return found;
    }

    // The API checks no references. A watch of what its selector cannot say would be refused for ever, and who waits for it would wait as long.
    private static bool CanBe(ObjectName map) => IdentityNames.IsNamespace(map.Namespace) && IdentityNames.IsObject(map.Name);

    private Informer<ConfigMap> Follow(ObjectName name) => new(api, ResourceTypes.ConfigMap,
        new() { Query = new() { Namespace = name.Namespace, FieldSelector = $"metadata.name={name.Name}" } },
        time, new Random(random.Next()), loggers.CreateLogger<Informer<ConfigMap>>());

    private sealed class FollowedMap(ObjectName name, Informer<ConfigMap> informer, CancellationTokenSource end)
    {
        private readonly Lock _gate = new();
        private readonly HashSet<ObjectName> _referrers = [];
        private Task _running = Task.CompletedTask;

        public static FollowedMap Start(ObjectName name, Informer<ConfigMap> informer, Func<ObjectChange<ConfigMap>, IReadOnlyList<ObjectName>, ValueTask> changed, CancellationToken stop)
        {
            var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var map = new FollowedMap(name, informer, end);
            informer.AddHandler(change => changed(change, map.Referrers()));
            map._running = Task.Run(() => informer.RunAsync(end.Token), CancellationToken.None);
            return map;
        }

        public ConfigMap? Found => informer.Find(name);

        public async Task<ConfigMap?> FindAsync(ObjectName referrer, CancellationToken stop)
        {
            lock (_gate) _referrers.Add(referrer);
            await informer.Synced.WaitAsync(stop);
            return Found;
        }

        /// <returns>True if nobody refers to it any more.</returns>
        public bool Release(ObjectName referrer)
        {
            lock (_gate) return _referrers.Remove(referrer) && _referrers.Count == 0;
        }

        /// <summary>Nothing more is told of it once this has completed.</summary>
        public async Task EndAsync()
        {
            await end.CancelAsync();
            await _running;
            end.Dispose();
        }

        private List<ObjectName> Referrers()
        {
            lock (_gate) return [.. _referrers];
        }
    }
}
