using Ambient.Model;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.LocalConfiguration;

/// <summary>What a local configuration file says: workloads, services and policies. Immutable.</summary>
internal sealed class LocalConfigurationFile
{
    /// <summary>Longest text that is read, in characters.</summary>
    public const int MaxLength = 64 << 20;

    /// <summary>Most workloads, services or policies, each.</summary>
    public const int MaxResources = 200_000;

    public static readonly LocalConfigurationFile Empty = new();

    /// <summary>By uid.</summary>
    public IReadOnlyDictionary<string, Workload> Workloads { get; private init; } = new Dictionary<string, Workload>();

    public IReadOnlyDictionary<ServiceKey, Service> Services { get; private init; } = new Dictionary<ServiceKey, Service>();

    /// <summary>By <c>namespace/name</c>.</summary>
    public IReadOnlyDictionary<string, AuthorizationPolicy> Policies { get; private init; } = new Dictionary<string, AuthorizationPolicy>();

    /// <summary>Reads all of the text, or reports everything that is wrong with it: exactly one of the two is set.</summary>
    /// <param name="name">File name for the messages.</param>
    public static (LocalConfigurationFile? File, IReadOnlyList<Mistake> Mistakes) Read(string text, string name)
    {
        var mistakes = new Mistakes(name);
        if (text.Length > MaxLength) mistakes.Add(0, "", $"the file has {text.Length} characters; at most {MaxLength} are allowed.");
        else if (YamlReader.Read(text, mistakes) is { } document && !mistakes.Any)
        {
            var file = new Reading(mistakes).Read(document);
            return mistakes.Any ? (null, mistakes.Found) : (file, []);
        }
        // Nothing at all is what a file looks like while it is being written.
        if (!mistakes.Any) mistakes.Add(0, "", "the file is empty; an empty mesh is written as {}.");
        return (null, mistakes.Found);
    }

    /// <summary>The least that leads from <paramref name="before"/> to this.</summary>
    public ResourceDelta ChangesSince(LocalConfigurationFile before) => new()
    {
        Workloads = Changed(before.Workloads, Workloads),
        Services = Changed(before.Services, Services),
        Policies = [.. Policies.Where(entry => !entry.Value.Equals(before.Policies.GetValueOrDefault(entry.Key)))
            .Select(static entry => new NamedPolicy(entry.Key, entry.Value))],
        RemovedAddresses =
        [
            .. before.Workloads.Keys.Where(uid => !Workloads.ContainsKey(uid)),
            .. before.Services.Keys.Where(key => !Services.ContainsKey(key)).Select(static key => key.ToString()),
        ],
        RemovedPolicies = [.. before.Policies.Keys.Where(name => !Policies.ContainsKey(name))],
    };

    private static List<T> Changed<TKey, T>(IReadOnlyDictionary<TKey, T> before, IReadOnlyDictionary<TKey, T> after) where T : class =>
        [.. after.Where(entry => !entry.Value.Equals(before.GetValueOrDefault(entry.Key))).Select(static entry => entry.Value)];

    private sealed class Reading(Mistakes mistakes)
    {
        private readonly Dictionary<string, Workload> _workloads = [];
        private readonly Dictionary<ServiceKey, Service> _services = [];
        private readonly Dictionary<string, AuthorizationPolicy> _policies = [];
        private readonly List<DeclaredEndpoint> _endpoints = [];

        public LocalConfigurationFile Read(YamlValue document)
        {
            var top = new ObjectReader(new(document, ""), mistakes);
            foreach (var item in Few(top, "workloads")) Add(_workloads, LocalWorkloads.Read(top.Open(item)), static w => w.Uid, item);
            foreach (var item in Few(top, "services")) AddService(top, item);
            foreach (var item in Few(top, "policies")) Add(_policies, LocalPolicies.Read(top.Open(item)), static p => p.Key, item);
            top.RefuseUnknownKeys();
            foreach (var endpoint in _endpoints) Join(endpoint);
            return new() { Workloads = _workloads, Services = _services, Policies = _policies };
        }

        private static IEnumerable<Located> Few(ObjectReader top, string key)
        {
            var items = top.Items(key);
            if (items.Count <= MaxResources) return items;
            top.Mistake(key, $"{items.Count} entries; at most {MaxResources} are allowed.");
            return [];
        }

        private void AddService(ObjectReader top, Located item)
        {
            var (service, endpoints) = LocalServices.Read(top.Open(item));
            Add(_services, service, static s => s.Key, item);
            _endpoints.AddRange(endpoints);
        }

        private void Add<TKey, T>(Dictionary<TKey, T> all, T resource, Func<T, TKey> keyOf, Located item) where TKey : notnull
        {
            if (!all.TryAdd(keyOf(resource), resource))
                mistakes.Add(item.Value.Line, item.Path, $"there is another one called '{keyOf(resource)}' before it.");
        }

        private void Join(DeclaredEndpoint endpoint)
        {
            if (!_workloads.TryGetValue(endpoint.WorkloadUid, out var workload))
            {
                mistakes.Add(endpoint.Line, endpoint.Path, $"no workload of the file has the uid '{endpoint.WorkloadUid}'.");
                return;
            }
            var others = workload.Services.Where(membership => membership.Service != endpoint.Membership.Service);
            _workloads[workload.Uid] = workload with { Services = others.Append(endpoint.Membership).ToEquatableArray() };
        }
    }
}
