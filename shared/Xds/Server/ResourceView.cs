using System.Globalization;

namespace Ambient.Xds.Server;

/// <summary>A table, or a part of it, as one type of resource. Thread-safe.</summary>
public sealed class ResourceView(string typeUrl, ResourceTable table)
{
    private readonly ResponseCache _cache = new();

    public string TypeUrl { get; } = typeUrl;

    public ResourceTable Table { get; } = table;

    /// <summary>Only resources of this kind; null: all.</summary>
    public int? Kind { get; init; }

    /// <summary>Bytes before the message itself in the table's payload.</summary>
    public Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Unwrap { get; init; } = static payload => payload;

    public bool Includes(PublishedResource resource) => Kind is null || resource.Kind == Kind;

    /// <summary>Names the state for a client; only a whole table has names for its states.</summary>
    internal string? TokenOf(string? tableToken) => Kind is null ? tableToken : null;

    /// <summary>
    /// The response that brings a subscriber of everything from <paramref name="sequence"/> onwards, as far as <paramref name="maxBytes"/> goes.
    /// </summary>
    /// <param name="skipRemovalsUpTo">Removals up to here are left out: the subscriber came later and never had what was removed.</param>
    /// <param name="notMadeBefore">
    /// When the subscriber's last response was made. What changed between two responses is in neither if the second was made before the first.
    /// </param>
    /// <returns>Null: that is too long ago.</returns>
    /// <remarks>
    /// Encoded once for all who stand at that point. A response stays right when further changes come after it was made: whoever takes it
    /// goes on from its end and gets them then. One that would leave more to come than it brings is made anew: else a subscriber that fell
    /// behind would go through every step that a quick one took.
    /// </remarks>
    internal SharedResponse? ResponseAfter(long sequence, long skipRemovalsUpTo, long notMadeBefore, int maxBytes)
    {
        var key = new ResponseKey(sequence, skipRemovalsUpTo, maxBytes);
        if (_cache.Find(key) is { } made && made.MadeAt >= notMadeBefore && (made.IsCut || Table.Sequence - made.Sequence <= made.Sequence - sequence))
            return made;
        if (Table.ChangesAfter(sequence, skipRemovalsUpTo, Includes, maxBytes) is not { } changes) return null;
        var response = Encode(key, changes);
        _cache.Add(key, response);
        return response;
    }

    private SharedResponse Encode(ResponseKey key, TableChanges changes)
    {
        var writer = new ResponseWriter(this, key.MaxBytes);
        var reached = key.Sequence;
        foreach (var change in changes.Changes)
        {
            if (!TryWrite(writer, change)) return Finish(writer, null, reached, changes.Sequence);
            reached = change.Sequence;
        }
        return changes.IsCut ? Finish(writer, null, reached, changes.Sequence) : Finish(writer, TokenOf(changes.Token), changes.Sequence, changes.Sequence);
    }

    // Of what was removed nobody knows any more which kind it was; a client makes nothing of a name that it does not hold.
    private static bool TryWrite(ResponseWriter writer, in TableChange change) =>
        change.Resource is { } resource ? writer.TryAdd(resource, withAliases: false) : writer.TryRemove(change.Name);

    private static SharedResponse Finish(ResponseWriter writer, string? token, long reached, long madeAt) =>
        new(writer.Finish(StateToken.ToVersionInfo(token), Nonce(reached)), reached, madeAt, Nonce(reached));

    private static string Nonce(long sequence) => sequence.ToString("x", CultureInfo.InvariantCulture);
}

/// <param name="Sequence">Where its subscriber stands after it.</param>
/// <param name="MadeAt">The table's sequence number when it was made.</param>
internal sealed record SharedResponse(byte[] Bytes, long Sequence, long MadeAt, string Nonce)
{
    /// <summary>It holds as much as its size allowed, and there was more.</summary>
    public bool IsCut => Sequence < MadeAt;
}

internal readonly record struct ResponseKey(long Sequence, long SkipRemovalsUpTo, int MaxBytes);
