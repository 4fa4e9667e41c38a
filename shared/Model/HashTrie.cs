using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Ambient.Model;

/// <summary>
/// A persistent hash map (a hash array mapped trie): a changed copy shares all but about log32(n) small nodes with the
/// original. Readers need no lock.
/// </summary>
/// <remarks>Enumeration order is unspecified.</remarks>
internal sealed class HashTrie<TKey, TValue> where TKey : notnull
{
    private const int BitsPerLevel = 5, HashBits = 32;
    private readonly IEqualityComparer<TKey>? _comparer;
    private readonly Node _root;

    private HashTrie(Node root, int count, IEqualityComparer<TKey>? comparer)
    {
        _root = root;
        Count = count;
        _comparer = comparer;
    }

    public static readonly HashTrie<TKey, TValue> Empty = new(new Node(0, [], null), 0, null);

    public static HashTrie<TKey, TValue> EmptyWith(IEqualityComparer<TKey> comparer) => new(new Node(0, [], null), 0, comparer);

    public int Count { get; }

    public TValue? Find(TKey key) => TryGet(key, out var value) ? value : default;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (Locate(_root, key, Hash(_comparer, key), _comparer) is { } slots)
        {
            value = slots.Node.Slots[slots.Index].Value;
            return true;
        }
        value = default;
        return false;
    }

    public IEnumerable<KeyValuePair<TKey, TValue>> Entries => Walk(_root);

    public IEnumerable<TValue> Values => Walk(_root).Select(static entry => entry.Value);

    /// <summary>A copy to change. Not thread-safe; this map stays as it is.</summary>
    public Builder ToBuilder() => new(this);

    private static int Hash(IEqualityComparer<TKey>? comparer, TKey key) => comparer?.GetHashCode(key) ?? key.GetHashCode();

    private static bool Same(IEqualityComparer<TKey>? comparer, TKey left, TKey right) =>
        comparer?.Equals(left, right) ?? EqualityComparer<TKey>.Default.Equals(left, right);

    private static (Node Node, int Index)? Locate(Node node, TKey key, int hash, IEqualityComparer<TKey>? comparer)
    {
        for (var shift = 0; ; shift += BitsPerLevel)
        {
            var index = shift < HashBits ? node.IndexOf(hash, shift) : node.Scan(key, comparer);
            if (index < 0) return null;
            ref var slot = ref node.Slots[index];
            if (slot.Child is { } child) node = child;
            else return Same(comparer, slot.Key, key) ? (node, index) : null;
        }
    }

    private static IEnumerable<KeyValuePair<TKey, TValue>> Walk(Node node)
    {
        foreach (var slot in node.Slots)
        {
            if (slot.Child is null) yield return new(slot.Key, slot.Value);
            else
                foreach (var entry in Walk(slot.Child)) yield return entry;
        }
    }

    private struct Slot
    {
        public TKey Key;
        public TValue Value;

        /// <summary>Set for an inner slot, whose key and value mean nothing.</summary>
        public Node? Child;
    }

    /// <param name="bitmap">Which of the 32 slots exist; unused below the last level, where equal hashes stand in a list.</param>
    /// <param name="owner">The builder that may change this node in place; nobody else may.</param>
    private sealed class Node(uint bitmap, Slot[] slots, object? owner)
    {
        public uint Bitmap = bitmap;
        public Slot[] Slots = slots;
        public readonly object? Owner = owner;

        public static uint BitOf(int hash, int shift) => 1u << ((hash >>> shift) & 31);

        public int IndexOf(int hash, int shift)
        {
            var bit = BitOf(hash, shift);
            return (Bitmap & bit) == 0 ? -1 : PlaceOf(bit);
        }

        public int PlaceOf(uint bit) => BitOperations.PopCount(Bitmap & (bit - 1));

        public int Scan(TKey key, IEqualityComparer<TKey>? comparer) =>
            Array.FindIndex(Slots, slot => Same(comparer, slot.Key, key));

        public Node OwnedBy(object owner) => Owner == owner ? this : new(Bitmap, [.. Slots], owner);

        public void Insert(int index, in Slot slot)
        {
            var grown = new Slot[Slots.Length + 1];
            Slots.AsSpan(0, index).CopyTo(grown);
            grown[index] = slot;
            Slots.AsSpan(index).CopyTo(grown.AsSpan(index + 1));
            Slots = grown;
        }

        public void RemoveAt(int index)
        {
            var shrunk = new Slot[Slots.Length - 1];
            Slots.AsSpan(0, index).CopyTo(shrunk);
            Slots.AsSpan(index + 1).CopyTo(shrunk.AsSpan(index));
            Slots = shrunk;
        }
    }

    /// <summary>Collects changes; nodes that it made itself are changed in place.</summary>
    public sealed class Builder
    {
        private readonly HashTrie<TKey, TValue> _original;
        private readonly IEqualityComparer<TKey>? _comparer;
        private object _owner = new();
        private Node _root;

        internal Builder(HashTrie<TKey, TValue> original)
        {
            _original = original;
            _comparer = original._comparer;
            _root = original._root;
            Count = original.Count;
        }

        public int Count { get; private set; }

        public HashTrie<TKey, TValue> ToTrie()
        {
            _owner = new(); // what has been handed out never changes again
            return _root == _original._root ? _original : new(_root, Count, _comparer);
        }

        public TValue? Find(TKey key) =>
            Locate(_root, key, Hash(_comparer, key), _comparer) is { } at ? at.Node.Slots[at.Index].Value : default;

        public bool ContainsKey(TKey key) => Locate(_root, key, Hash(_comparer, key), _comparer) is not null;

        public void Set(TKey key, TValue value) => _root = Set(_root, 0, Hash(_comparer, key), key, value);

        /// <returns>False if it was not there.</returns>
        public bool Remove(TKey key)
        {
            var hash = Hash(_comparer, key);
            if (Locate(_root, key, hash, _comparer) is null) return false;
            _root = Remove(_root, 0, hash, key);
            Count--;
            return true;
        }

        private Node Set(Node node, int shift, int hash, TKey key, TValue value)
        {
            node = node.OwnedBy(_owner);
            var fresh = new Slot { Key = key, Value = value };
            var index = shift < HashBits ? node.IndexOf(hash, shift) : node.Scan(key, _comparer);
            if (index < 0) Add(node, shift, hash, fresh);
            else SetSlot(ref node.Slots[index], shift, hash, fresh);
            return node;
        }

        private void Add(Node node, int shift, int hash, in Slot fresh)
        {
            Count++;
            if (shift >= HashBits)
            {
                node.Insert(node.Slots.Length, fresh);
                return;
            }
            var bit = Node.BitOf(hash, shift);
            node.Insert(node.PlaceOf(bit), fresh);
            node.Bitmap |= bit;
        }

        private void SetSlot(ref Slot slot, int shift, int hash, in Slot fresh)
        {
            if (slot.Child is { } child) slot.Child = Set(child, shift + BitsPerLevel, hash, fresh.Key, fresh.Value);
            else if (Same(_comparer, slot.Key, fresh.Key)) slot = fresh;
            else
            {
                var below = Single(slot, shift + BitsPerLevel);
                slot = new() { Key = default!, Value = default!, Child = Set(below, shift + BitsPerLevel, hash, fresh.Key, fresh.Value) };
            }
        }

        private Node Single(in Slot slot, int shift) =>
            new(shift < HashBits ? Node.BitOf(Hash(_comparer, slot.Key), shift) : 0, [slot], _owner);

        private Node Remove(Node node, int shift, int hash, TKey key)
        {
            node = node.OwnedBy(_owner);
            var index = shift < HashBits ? node.IndexOf(hash, shift) : node.Scan(key, _comparer);
            ref var slot = ref node.Slots[index];
            if (slot.Child is null)
            {
                node.RemoveAt(index);
                if (shift < HashBits) node.Bitmap &= ~Node.BitOf(hash, shift);
                return node;
            }

            var child = Remove(slot.Child, shift + BitsPerLevel, hash, key);
            // A single entry moves up, so a map's shape depends on its content only.
            if (child.Slots.Length == 1 && child.Slots[0].Child is null) slot = child.Slots[0];
            else slot.Child = child;
            return node;
        }
    }
}
