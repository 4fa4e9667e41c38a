using System.Globalization;
using Ambient.Grpc;
using Ambient.Protos.Xds;

namespace Ambient.Xds.Server;

/// <summary>What one session asks for of one type, and how far it has been answered. Used under the session's lock.</summary>
internal sealed class Subscription(ResourceView view, SessionOptions options)
{
    private const string Everything = "*";

    private readonly HashSet<string> _keys = []; // subscribed to, or needed by what was sent; empty for a wildcard
    private readonly Dictionary<string, ulong> _sent = []; // versions; on demand only
    private readonly HashSet<string> _asked = [];
    private readonly Queue<Outgoing> _outgoing = [];
    private string? _tokenWhenDrained;
    private long _position, _madeAt;
    private long? _freshUntil = long.MaxValue; // removals up to there mean nothing to the client, which never had what was removed
    private int _privateResponses;
    private bool _isUsed, _hasBegun, _mustAnswer, _answerUnknownState, _isWhole;

    public ResourceView View { get; } = view;

    public bool IsWildcard { get; private set; }

    public int KeyCount => _keys.Count;

    public int SentCount => _sent.Count;

    public long Position => _position;

    /// <summary>Nonce of the response that is not acknowledged yet; null: none.</summary>
    public string? Pending { get; private set; }

    /// <summary>Where the client stood before the last response; null if that brought it no change.</summary>
    public long? PendingFrom { get; private set; }

    /// <summary>Nonce of the last response.</summary>
    public string LastNonce { get; private set; } = "";

    /// <summary>Nothing that the table held at that sequence number is still to be sent. True for a client that never asked for the type.</summary>
    public bool IsAnsweredUpTo(long sequence) => !_isUsed || (_outgoing.Count == 0 && _position >= sequence);

    /// <param name="ambientKeys">Subscribed to for every client that asks on demand, such as its own node.</param>
    /// <exception cref="RpcException">Too many names.</exception>
    public void Receive(DeltaDiscoveryRequest request, Node? node, IReadOnlyList<string> ambientKeys)
    {
        if (!_hasBegun)
        {
            Begin(request, node, ambientKeys);
            return;
        }
        if (request.ResponseNonce == LastNonce) Pending = null; // else stale, or no answer; what is subscribed to counts all the same
        Change(request);
    }

    private void Begin(DeltaDiscoveryRequest request, Node? node, IReadOnlyList<string> ambientKeys)
    {
        _isUsed = _hasBegun = _mustAnswer = true;
        Pending = null; // a nonce of another stream means nothing here
        // Others take the first response for all there is, so only those that know our token get it in parts.
        _isWhole = !StateToken.IsAnnounced(node);
        IsWildcard = !request.ResourceNamesUnsubscribe.Contains(Everything)
            && (request.ResourceNamesSubscribe.Count == 0 || request.ResourceNamesSubscribe.Contains(Everything));
        if (!IsWildcard) BeginOnDemand(request, ambientKeys);
        else if (View.TokenOf(StateToken.Read(node, View.TypeUrl)) is { } token) Resume(token);
        else if (request.InitialResourceVersions.Count > 0) CatchUp(request.InitialResourceVersions);
    }

    private void Resume(string token)
    {
        if (View.Table.FindState(token) is { } position) MoveTo(position);
        else
        {
            _hasBegun = false; // the client is asked to begin again
            _answerUnknownState = true;
        }
    }

    /// <summary>Finds what differs from what a client still holds. Costs time for all resources, memory for the differences.</summary>
    private void CatchUp(IDictionary<string, string> held)
    {
        var snapshot = View.Table.Snapshot();
        var present = 0;
        foreach (var resource in snapshot.Resources)
        {
            if (!View.Includes(resource)) continue;
            var isHeld = held.TryGetValue(resource.Name, out var version);
            if (isHeld) present++;
            if (!isHeld || !IsSame(version!, resource.Version)) _outgoing.Enqueue(new(resource.Name, resource));
        }
        if (present < held.Count)
            foreach (var name in held.Keys)
                if (View.Table.Find(name) is not { } resource || !View.Includes(resource)) _outgoing.Enqueue(new(name, null));
        MoveTo(snapshot.Sequence);
        _tokenWhenDrained = View.TokenOf(snapshot.Token);
    }

    private void BeginOnDemand(DeltaDiscoveryRequest request, IReadOnlyList<string> ambientKeys)
    {
        MoveTo(View.Table.Sequence);
        // An empty version: asked for on an earlier stream, and nothing of that name is held.
        foreach (var (name, version) in request.InitialResourceVersions)
            if (TryReadVersion(version, out var number)) _sent[name] = number;
        foreach (var name in request.InitialResourceVersions.Keys)
        {
            AddKey(name);
            if (!Queue(name, again: false))
            {
                _sent.Remove(name);
                _outgoing.Enqueue(new(name, null));
            }
        }
        foreach (var name in request.ResourceNamesSubscribe) Subscribe(name);
        foreach (var key in ambientKeys)
        {
            _keys.Add(key);
            Queue(key, again: false);
        }
    }

    private void MoveTo(long position)
    {
        _position = position;
        if (position > 0) _freshUntil = null;
    }

    private void Change(DeltaDiscoveryRequest request)
    {
        foreach (var name in request.ResourceNamesSubscribe)
        {
            if (name == Everything) BecomeWildcard();
            else Subscribe(name);
        }
        foreach (var name in request.ResourceNamesUnsubscribe)
        {
            if (name == Everything) IsWildcard = false;
            _keys.Remove(name);
        }
    }

    private void BecomeWildcard()
    {
        if (IsWildcard) return;
        IsWildcard = _mustAnswer = true;
        CatchUp(_sent.ToDictionary(static entry => entry.Key, static entry => entry.Value.ToString("x16", CultureInfo.InvariantCulture)));
        _keys.Clear();
        _sent.Clear();
    }

    private void Subscribe(string name)
    {
        if (name == Everything) return;
        _mustAnswer = true;
        _asked.Add(name); // answered even if it was asked for before: the client waits for it
        if (!IsWildcard) AddKey(name);
    }

    private void AddKey(string name)
    {
        if (_keys.Add(name) && _keys.Count > options.MaxSubscriptions)
        {
            throw new RpcException(StatusCode.ResourceExhausted,
                $"More than {options.MaxSubscriptions} names of {View.TypeUrl} are subscribed to, which is the limit. Subscribe to everything ('*') instead.");
        }
    }

    /// <summary>The next response, if one may be sent and there is something to say.</summary>
    /// <exception cref="RpcException">The session is too far behind and has to begin anew.</exception>
    public PreparedResponse? Next()
    {
        if (Pending is not null) return null;
        if (_answerUnknownState)
        {
            _answerUnknownState = _mustAnswer = false;
            return new(new ResponseWriter(View, options.MaxResponseBytes).Finish(StateToken.UnknownState, ""), "", null);
        }
        if (!_hasBegun) return null;
        var before = _position;
        var response = IsWildcard && _asked.Count == 0 && _outgoing.Count == 0 && _tokenWhenDrained is null ? NextShared() : NextPrivate();
        if (response is null) return null;
        _mustAnswer = _isWhole = false;
        Pending = LastNonce = response.Nonce;
        PendingFrom = before > 0 && before < _position ? before : null;
        return response with { From = PendingFrom };
    }

    private int MaxBytes => _isWhole ? options.MaxWholeResponseBytes : options.MaxResponseBytes;

    private PreparedResponse? NextShared()
    {
        if (!_mustAnswer && _position == View.Table.Sequence) return null;
        var shared = View.ResponseAfter(_position, _freshUntil ?? 0, _madeAt, MaxBytes) ?? throw FellBehind();
        (_position, _madeAt) = (shared.Sequence, shared.MadeAt);
        // What was removed before the first part was made, no part holds.
        if (_freshUntil == long.MaxValue) _freshUntil = shared.MadeAt;
        if (_position >= _freshUntil) _freshUntil = null;
        return new(shared.Bytes, shared.Nonce, null);
    }

    private PreparedResponse? NextPrivate()
    {
        foreach (var name in _asked) Answer(name);
        _asked.Clear();
        if (_outgoing.Count == 0 && !IsWildcard) CollectChanges();
        if (_outgoing.Count == 0 && !_mustAnswer && _tokenWhenDrained is null) return null;

        var writer = new ResponseWriter(View, MaxBytes);
        var names = new HashSet<string>(); // what comes and goes does so in two responses: within one, removals are applied last
        while (_outgoing.TryPeek(out var next) && !names.Contains(next.Name) && Write(writer, next)) names.Add(_outgoing.Dequeue().Name);
        var drained = _outgoing.Count == 0;
        var info = StateToken.ToVersionInfo(drained ? _tokenWhenDrained : null);
        if (drained) _tokenWhenDrained = null;
        var nonce = $"p{++_privateResponses}";
        return new(writer.Finish(info, nonce), nonce, null);
    }

    private bool Write(ResponseWriter writer, Outgoing item) =>
        item.Resource is { } resource ? writer.TryAdd(resource, withAliases: !IsWildcard) : writer.TryRemove(item.Name);

    private void Answer(string name)
    {
        if (!Queue(name, again: true)) _outgoing.Enqueue(new(name, null));
    }

    /// <summary>Queues everything of that key that the client does not hold yet.</summary>
    /// <param name="again">What has that very name or alias is sent even if it is held.</param>
    /// <returns>False: nothing has that name or alias.</returns>
    private bool Queue(string key, bool again)
    {
        var found = false;
        foreach (var resource in View.Table.Lookup(key))
        {
            if (!View.Includes(resource)) continue;
            var isMeant = resource.Name == key || resource.Aliases.Contains(key);
            found |= isMeant;
            if (!IsWildcard) Queue(resource, again && isMeant);
            else if (isMeant) _outgoing.Enqueue(new(resource.Name, resource));
        }
        return found;
    }

    private void Queue(PublishedResource resource, bool again)
    {
        var isHeld = _sent.TryGetValue(resource.Name, out var version) && version == resource.Version;
        if (!isHeld || again)
        {
            _sent[resource.Name] = resource.Version;
            _outgoing.Enqueue(new(resource.Name, resource));
        }
        foreach (var reference in resource.References)
            if (_keys.Add(reference)) Queue(reference, again: false);
    }

    private void CollectChanges()
    {
        if (View.Table.Sequence == _position) return;
        var changes = View.Table.ChangesAfter(_position, includes: View.Includes) ?? throw FellBehind();
        foreach (var change in changes.Changes)
        {
            if (change.Resource is { } resource)
            {
                if (_sent.ContainsKey(resource.Name) || resource.Keys.Any(_keys.Contains)) Queue(resource, again: false);
            }
            else if (_sent.Remove(change.Name)) _outgoing.Enqueue(new(change.Name, null));
        }
        _position = changes.Sequence;
    }

    private static bool IsSame(string held, ulong version) => TryReadVersion(held, out var number) && number == version;

    private static bool TryReadVersion(string text, out ulong version) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out version);

    private static RpcException FellBehind() =>
        new(StatusCode.Aborted, "The stream is too far behind: removals since its last response are forgotten. Connect again; the differences will be sent.");

    /// <param name="Resource">Null: it is removed.</param>
    private readonly record struct Outgoing(string Name, PublishedResource? Resource);
}

/// <param name="From">Where the client stood before; null if it brings no change.</param>
internal sealed record PreparedResponse(ReadOnlyMemory<byte> Bytes, string Nonce, long? From);
