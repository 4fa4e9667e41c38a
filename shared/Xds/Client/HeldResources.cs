using Ambient.Protos.Xds;

namespace Ambient.Xds.Client;

/// <summary>What is held of one type of resource, across streams. Used by the client's own task only.</summary>
/// <param name="names">All names of the type that the state has, maybe more than came from this server.</param>
internal sealed class HeldResources(string typeUrl, bool isWildcard, Func<IEnumerable<string>> names)
{
    private readonly HeldVersions _versions = new();
    private readonly Dictionary<string, string> _rejected = [];

    public string TypeUrl { get; } = typeUrl;

    /// <summary>All resources of the type are sent, not only those asked for.</summary>
    public bool IsWildcard { get; } = isWildcard;

    /// <summary>The server's name for what is held; null if there is none. See <see cref="StateToken"/>.</summary>
    public string? Token { get; set; }

    public int Count => _versions.Count;

    /// <summary>Resources of which the latest version was rejected, with the reason: an older one may still be in use.</summary>
    public IReadOnlyDictionary<string, string> Rejected => _rejected;

    public bool IsHeld(string name) => _versions.Contains(name);

    public void Accept(string name, string version)
    {
        _versions.Set(name, version);
        _rejected.Remove(name);
    }

    /// <summary>The version held before, if any, stays: the server sends the new one again after the next reconnect, or that it is gone.</summary>
    public void Reject(string name, string reason) => _rejected[name] = reason;

    public void Remove(string name)
    {
        _versions.Remove(name);
        _rejected.Remove(name);
    }

    public void WriteVersions(DeltaDiscoveryRequest request)
    {
        foreach (var name in _rejected.Keys) request.InitialResourceVersions[name] = "";
        foreach (var name in names())
            if (_versions.Find(name) is { } version) request.InitialResourceVersions[name] = version;
    }
}
