using System.Runtime.CompilerServices;

namespace Ambient.Model;

/// <summary>
/// A persistent multimap from hash codes to objects that know their own keys: some 20 bytes for an entry, and a changed copy shares
/// all but a few small arrays with the original. Readers need no lock.
/// </summary>
/// <remarks>
/// Entries stand in leaves, plain arrays, below nodes that three bits of the hash lead through, the lowest first. Different keys may
/// have one hash, so whoever finds an object looks whether it is meant.
/// </remarks>
internal sealed class HashIndex<T> where T : class
{
    private const int BitsPerLevel = 3, HashBits = 32, MostInLeaf = 32, FewBelowNode = MostInLeaf / 2;

    private readonly object? _root; // a Node, a leaf (Entry[]), or null

    private HashIndex(object? root, int count) => (_root, Count) = (root, count);

    public static readonly HashIndex<T> Empty = new(null, 0);

    /// <summary>Entries: an object counts for each of its hashes.</summary>
    public int Count { get; }

    /// <summary>In no particular order.</summary>
    public IEnumerable<T> Items => ItemsOf(_root);

    /// <summary>What was entered with that hash, the oldest first.</summary>
    public Matches Find(int hash) => Find(_root, hash);

    /// <summary>A copy to change. Not thread-safe; this index stays as it is.</summary>
    public Builder ToBuilder() => new(this);

    private static IEnumerable<T> ItemsOf(object? root)
    {
        var ahead = new Stack<object?>([root]);
        while (ahead.TryPop(out var at))
        {
            if (at is Node node)
                foreach (var child in node.Children) ahead.Push(child);
            else
                foreach (var entry in LeafOf(at)) yield return entry.Item;
        }
    }

    private static Matches Find(object? at, int hash)
    {
        for (var shift = 0; at is Node node; shift += BitsPerLevel) at = node.Children[PlaceOf(hash, shift)];
        return new(LeafOf(at), hash);
    }

    private static Entry[] LeafOf(object? content) => (Entry[]?)content ?? [];

    private static int PlaceOf(int hash, int shift) => hash >>> shift & 7;

    /// <summary>Enumerating them allocates nothing.</summary>
    public readonly struct Matches
    {
        private readonly Entry[] _leaf;
        private readonly int _hash;

        internal Matches(Entry[] leaf, int hash) => (_leaf, _hash) = (leaf, hash);

        public Enumerator GetEnumerator() => new(_leaf, _hash);

        internal bool Has(T item)
        {
            foreach (var other in this)
                if (ReferenceEquals(other, item)) return true;
            return false;
        }
    }

    public struct Enumerator
    {
        private readonly Entry[] _leaf;
        private readonly int _hash;
        private int _next;

        internal Enumerator(Entry[] leaf, int hash) => (_leaf, _hash) = (leaf, hash);

        public readonly T Current => _leaf[_next - 1].Item;

        public bool MoveNext()
        {
            while (_next < _leaf.Length)
                if (_leaf[_next++].Hash == _hash) return true;
            return false;
        }
    }

    internal readonly record struct Entry(T Item, int Hash);

    [InlineArray(1 << BitsPerLevel)]
    private struct Children
    {
        private object? _first;
    }

    /// <param name="owner">The builder that may change this node in place; nobody else may.</param>
    private sealed class Node(Children children, object owner)
    {
        public Children Children = children;

        public Node OwnedBy(object builder) => owner == builder ? this : new(Children, builder);
    }

    /// <summary>Collects changes; nodes that it made itself are changed in place.</summary>
    public sealed class Builder
    {
        private readonly HashIndex<T> _original;
        private object _owner = new();
        private object? _root;
        private int _count;

        internal Builder(HashIndex<T> original) => (_original, _root, _count) = (original, original._root, original.Count);

        public HashIndex<T> ToIndex()
        {
            _owner = new(); // what has been handed out never changes again
            return _root == _original._root ? _original : new(_root, _count);
        }

        /// <inheritdoc cref="HashIndex{T}.Items"/>
        public IEnumerable<T> Items => ItemsOf(_root);

        public Matches Find(int hash) => HashIndex<T>.Find(_root, hash);

        public void Add(int hash, T item)
        {
            _root = Add(_root, 0, new(item, hash));
            _count++;
        }

        /// <param name="item">Entered once at most with that hash.</param>
        /// <returns>False if that very object was not entered with that hash.</returns>
        public bool Remove(int hash, T item)
        {
            if (!Find(hash).Has(item)) return false;
            _root = Remove(_root, 0, new(item, hash));
            _count--;
            return true;
        }

        /// <summary>Puts an object in the place of one that is there.</summary>
        public void Replace(int hash, T before, T after) => _root = Replace(_root, 0, new(before, hash), after);

        /// <summary>Withdraws the hashes that an object no longer has and enters those it has now; one that it keeps keeps its rank.</summary>
        /// <param name="before">Null has no hashes, and so has <paramref name="after"/>.</param>
        public void Move(IReadOnlyCollection<int> hashesBefore, T? before, IReadOnlyCollection<int> hashesAfter, T? after)
        {
            foreach (var hash in hashesBefore)
                if (!hashesAfter.Contains(hash)) Remove(hash, before!);
            foreach (var hash in hashesAfter)
            {
                if (hashesBefore.Contains(hash)) Replace(hash, before!, after!);
                else Add(hash, after!);
            }
        }

        private object Add(object? at, int shift, Entry entry)
        {
            if (at is Node shared)
            {
                var node = shared.OwnedBy(_owner);
                ref var child = ref node.Children[PlaceOf(entry.Hash, shift)];
                child = Add(child, shift + BitsPerLevel, entry);
                return node;
            }
            var leaf = LeafOf(at);
            return leaf.Length < MostInLeaf || shift >= HashBits ? (Entry[])[.. leaf, entry] : Add(Split(leaf, shift), shift, entry);
        }

        private Node Split(Entry[] leaf, int shift)
        {
            var children = new Children();
            foreach (var group in leaf.GroupBy(entry => PlaceOf(entry.Hash, shift))) children[group.Key] = group.ToArray();
            return new(children, _owner);
        }

        private object? Remove(object? at, int shift, Entry entry)
        {
            if (at is not Node shared) return LeafOf(at) is { Length: > 1 } leaf ? Array.FindAll(leaf, other => !IsSame(other, entry)) : null;

            var node = shared.OwnedBy(_owner);
            ref var child = ref node.Children[PlaceOf(entry.Hash, shift)];
            child = Remove(child, shift + BitsPerLevel, entry);
            return Merged(node) ?? (object)node;
        }

        /// <summary>The one leaf that does in place of a node; null if there is too much below it.</summary>
        private static Entry[]? Merged(Node node)
        {
            var sum = 0;
            foreach (var child in node.Children)
            {
                if (child is Node || (sum += LeafOf(child).Length) > FewBelowNode) return null;
            }
            var leaf = new List<Entry>(sum);
            foreach (var child in node.Children) leaf.AddRange(LeafOf(child));
            return [.. leaf];
        }

        private object? Replace(object? at, int shift, Entry before, T after)
        {
            if (at is not Node shared) return Array.ConvertAll(LeafOf(at), entry => IsSame(entry, before) ? new(after, before.Hash) : entry);

            var node = shared.OwnedBy(_owner);
            ref var child = ref node.Children[PlaceOf(before.Hash, shift)];
            child = Replace(child, shift + BitsPerLevel, before, after);
            return node;
        }

        private static bool IsSame(Entry one, Entry other) => ReferenceEquals(one.Item, other.Item) && one.Hash == other.Hash;
    }
}
