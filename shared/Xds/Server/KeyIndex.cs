namespace Ambient.Xds.Server;

/// <summary>Resources by every key under which they are subscribed to. Most keys have one resource, a few have thousands. Not thread-safe.</summary>
internal sealed class KeyIndex
{
    private readonly Dictionary<string, object> _byKey = []; // PublishedResource, or a HashSet of them

    public IReadOnlyList<PublishedResource> Find(string key) => _byKey.GetValueOrDefault(key) switch
    {
        PublishedResource one => [one],
        HashSet<PublishedResource> several => [.. several],
        _ => [],
    };

    public void Add(PublishedResource resource)
    {
        foreach (var key in resource.Keys)
        {
            switch (_byKey.GetValueOrDefault(key))
            {
                case null: _byKey[key] = resource; break;
                case HashSet<PublishedResource> several: several.Add(resource); break;
                case PublishedResource other when other != resource: _byKey[key] = new HashSet<PublishedResource> { other, resource }; break;
            }
        }
    }

    public void Remove(PublishedResource resource)
    {
        foreach (var key in resource.Keys)
        {
            switch (_byKey.GetValueOrDefault(key))
            {
                case HashSet<PublishedResource> several:
                    several.Remove(resource);
                    if (several.Count == 1) _byKey[key] = several.Single();
                    break;
                case PublishedResource one when one == resource: _byKey.Remove(key); break;
            }
        }
    }
}
