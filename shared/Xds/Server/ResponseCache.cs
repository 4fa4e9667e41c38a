namespace Ambient.Xds.Server;

/// <summary>Responses that several sessions are likely to send, as long as one of them does. Thread-safe.</summary>
internal sealed class ResponseCache
{
    private const int MaxEntries = 64;
    private readonly Lock _gate = new();
    private readonly Dictionary<ResponseKey, WeakReference<SharedResponse>> _responses = [];

    public SharedResponse? Find(ResponseKey key)
    {
        lock (_gate) return _responses.TryGetValue(key, out var held) && held.TryGetTarget(out var response) ? response : null;
    }

    public void Add(ResponseKey key, SharedResponse response)
    {
        lock (_gate)
        {
            if (_responses.Count >= MaxEntries) _responses.Clear();
            _responses[key] = new(response);
        }
    }
}
