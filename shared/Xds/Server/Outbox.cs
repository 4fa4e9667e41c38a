namespace Ambient.Xds.Server;

/// <summary>One session's next responses: none overtakes what was changed before it in a table of an earlier view. Used under the session's lock.</summary>
/// <remarks>
/// A response waits until all that earlier tables held when it was made has been sent, no longer: changes that keep coming hold back nothing
/// for ever. That it is made before those it waits for is what makes sure that they hold all that it names.
/// </remarks>
internal sealed class Outbox(IReadOnlyList<Subscription> subscriptions)
{
    private readonly Waiting?[] _waiting = new Waiting?[subscriptions.Count];

    /// <summary>Makes the responses that are due.</summary>
    /// <exception cref="Grpc.RpcException">The session is too far behind and has to begin anew.</exception>
    public void Fill()
    {
        for (var place = subscriptions.Count - 1; place >= 0; place--)
            if (_waiting[place] is null && subscriptions[place].Next() is { } response) _waiting[place] = new(response, SequencesBefore(place));
    }

    /// <summary>The next response that may be written now, or null. To be written before this is called again.</summary>
    public (ResourceView View, PreparedResponse Response)? Take()
    {
        for (var place = 0; place < subscriptions.Count; place++)
        {
            if (_waiting[place] is not { } waiting || !MayGo(place, waiting)) continue;
            _waiting[place] = null;
            return (subscriptions[place].View, waiting.Response);
        }
        return null;
    }

    private long[] SequencesBefore(int place)
    {
        var sequences = new long[place];
        for (var earlier = 0; earlier < place; earlier++) sequences[earlier] = subscriptions[earlier].View.Table.Sequence;
        return sequences;
    }

    private bool MayGo(int place, Waiting waiting)
    {
        for (var earlier = 0; earlier < place; earlier++)
        {
            if (subscriptions[earlier].View.Table == subscriptions[place].View.Table) continue; // names nothing of its own that could be missing
            if (_waiting[earlier] is not null || !subscriptions[earlier].IsAnsweredUpTo(waiting.After[earlier])) return false;
        }
        return true;
    }

    /// <param name="After">Where the tables of the views before stood once it was made.</param>
    private sealed record Waiting(PreparedResponse Response, long[] After);
}
