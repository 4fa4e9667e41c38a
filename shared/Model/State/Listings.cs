namespace Ambient.Model.State;

/// <summary>Indexes whose keys may be claimed by several items: each key has its claimants, the oldest claim first.</summary>
internal static class Listings
{
    /// <summary>Puts <paramref name="after"/> in the place of <paramref name="before"/>: a key kept keeps its rank.</summary>
    public static void Move<TKey, TItem>(this HashTrie<TKey, TItem[]>.Builder index,
        IReadOnlyCollection<TKey> keysBefore, TItem? before, IReadOnlyCollection<TKey> keysAfter, TItem? after)
        where TKey : notnull
    {
        foreach (var key in keysBefore)
            if (!keysAfter.Contains(key)) index.Withdraw(key, before!);
        foreach (var key in keysAfter)
        {
            if (!keysBefore.Contains(key)) index.Set(key, [.. index.Find(key) ?? [], after!]);
            else index.Set(key, [.. index.Find(key)!.Select(item => IsSame(item, before!) ? after! : item)]);
        }
    }

    private static void Withdraw<TKey, TItem>(this HashTrie<TKey, TItem[]>.Builder index, TKey key, TItem item)
        where TKey : notnull
    {
        TItem[] rest = [.. (index.Find(key) ?? []).Where(other => !IsSame(other, item))];
        if (rest.Length == 0) index.Remove(key);
        else index.Set(key, rest);
    }

    // Two objects of equal content are two claims.
    private static bool IsSame<TItem>(TItem left, TItem right) =>
        typeof(TItem).IsValueType ? EqualityComparer<TItem>.Default.Equals(left, right) : ReferenceEquals(left, right);
}
