using System.Numerics;

namespace Ambient.Model;

/// <summary>
/// A persistent multimap from hash codes to objects that know their own keys: some 30 bytes for an entry, and a changed copy shares
/// all but a few small nodes with the original. Readers need no lock.
/// </summary>
/// <remarks>Different keys may have one hash, so whoever finds an object looks whether it is meant.</remarks>
internal sealed class HashIndex<T> where T : class
{
    private const int BitsPerLevel = 6;
    private readonly Node _root;

    private HashIndex(Node root, int count) => (_root, Count) = (root, count);

    public static readonly HashIndex<T> Empty = new(new Node(0, [], null), 0);

    /// <summary>Entries; an object counts as often as it was entered.</summary>
    public int Count { get; }

    /// <summary>In no particular order.</summary>
    public IEnumerable<T> Items => Walk(_root);

    /// <summary>What was entered with that hash, the oldest first.</summary>
    public Matches Find(int hash) => Find(_root, hash);

    /// <summary>A copy to change. Not thread-safe; this index stays as it is.</summary>
    public Builder ToBuilder() => new(this);

    private static Matches Find(Node node, int hash)
    {
        for (var shift = 0; ; shift += BitsPerLevel)
        {
            var bit = Node.BitOf(hash, shift);
            if ((node.Bitmap & bit) == 0) return default;
            ref readonly var slot = ref node.Slots[node.PlaceOf(bit)];
            if (slot.Content is not Node child) return slot.Hash == hash ? new(slot.Content) : default;
            node = child;
        }
    }

    private static IEnumerable<T> Walk(Node node)
    {
        foreach (var slot in node.Slots)
        {
            if (slot.Content is Node child)
                foreach (var item in Walk(child)) yield return item;
            else
                foreach (var item in new Matches(slot.Content)) yield return item;
        }
    }

    /// <summary>One object or several; enumerating them allocates nothing.</summary>
    public readonly struct Matches(object? content)
    {
        public bool IsEmpty => content is null;

        public Enumerator GetEnumerator() => new(content);

        internal object With(T item) => content switch
        {
            null => item,
            T[] several => (T[])[.. several, item],
            _ => new[] { (T)content, item },
        };

        /// <summary>Null when nothing is left.</summary>
        internal object? Without(T item) => content switch
        {
            T[] { Length: 2 } pair => ReferenceEquals(pair[0], item) ? pair[1] : pair[0],
            T[] several => several.Where(other => !ReferenceEquals(other, item)).ToArray(),
            _ => null,
        };

        internal object With(T item, T inPlaceOf) =>
            content is T[] several ? several.Select(other => ReferenceEquals(other, inPlaceOf) ? item : other).ToArray() : item;

        internal bool Has(T item)
        {
            foreach (var other in this)
                if (ReferenceEquals(other, item)) return true;
            return false;
        }
    }

    public struct Enumerator(object? content)
    {
        private int _next;

        public T Current { get; private set; } = null!;

        public bool MoveNext()
        {
            if (content is T[] several)
            {
                if (_next == several.Length) return false;
                Current = several[_next++];
                return true;
            }
            if (content is null || _next++ > 0) return false;
            Current = (T)content;
            return true;
        }
    }

    /// <summary>An object, an array of objects with one hash, or a node below.</summary>
    private struct Slot
    {
        public object? Content;
        public int Hash;
    }

    /// <param name="bitmap">Which of the 64 slots exist.</param>
    /// <param name="owner">The builder that may change this node in place; nobody else may.</param>
    private sealed class Node(ulong bitmap, Slot[] slots, object? owner)
    {
        public ulong Bitmap = bitmap;
        public Slot[] Slots = slots;
        public readonly object? Owner = owner;

        public static ulong BitOf(int hash, int shift) => 1ul << ((hash >>> shift) & 63);

        public int PlaceOf(ulong bit) => BitOperations.PopCount(Bitmap & (bit - 1));

        public Node OwnedBy(object owner) => Owner == owner ? this : new(Bitmap, [.. Slots], owner);

        public void Insert(ulong bit, in Slot slot)
        {
            var place = PlaceOf(bit);
            Slots = [.. Slots.AsSpan(0, place), slot, .. Slots.AsSpan(place)];
            Bitmap |= bit;
        }

        public void Remove(ulong bit)
        {
            var place = PlaceOf(bit);
            Slots = [.. Slots.AsSpan(0, place), .. Slots.AsSpan(place + 1)];
            Bitmap &= ~bit;
        }
    }

    /// <summary>Collects changes; nodes that it made itself are changed in place.</summary>
    public sealed class Builder
    {
        private readonly HashIndex<T> _original;
        private object _owner = new();
        private Node _root;
        private int _count;

        internal Builder(HashIndex<T> original) => (_original, _root, _count) = (original, original._root, original.Count);

        public HashIndex<T> ToIndex()
        {
            _owner = new(); // what has been handed out never changes again
            return _root == _original._root ? _original : new(_root, _count);
        }

        public Matches Find(int hash) => HashIndex<T>.Find(_root, hash);

        public void Add(int hash, T item)
        {
            _root = Set(_root, 0, new() { Content = Find(hash).With(item), Hash = hash });
            _count++;
        }

        /// <returns>False if that very object was not entered with that hash.</returns>
        public bool Remove(int hash, T item)
        {
            var found = Find(hash);
            if (!found.Has(item)) return false;
            _root = found.Without(item) is { } rest ? Set(_root, 0, new() { Content = rest, Hash = hash }) : Remove(_root, 0, hash);
            _count--;
            return true;
        }

        /// <summary>Puts an object in the place of one that is there.</summary>
        public void Replace(int hash, T before, T after) =>
            _root = Set(_root, 0, new() { Content = Find(hash).With(after, inPlaceOf: before), Hash = hash });

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

        private Node Set(Node node, int shift, in Slot fresh)
        {
            node = node.OwnedBy(_owner);
            var bit = Node.BitOf(fresh.Hash, shift);
            if ((node.Bitmap & bit) == 0)
            {
                node.Insert(bit, fresh);
                return node;
            }
            ref var slot = ref node.Slots[node.PlaceOf(bit)];
            if (slot.Content is Node child) slot.Content = Set(child, shift + BitsPerLevel, fresh);
            else if (slot.Hash == fresh.Hash) slot = fresh;
            else
            {
                var below = new Node(Node.BitOf(slot.Hash, shift + BitsPerLevel), [slot], _owner);
                slot = new() { Content = Set(below, shift + BitsPerLevel, fresh) };
            }
            return node;
        }

        private Node Remove(Node node, int shift, int hash)
        {
            node = node.OwnedBy(_owner);
            var bit = Node.BitOf(hash, shift);
            ref var slot = ref node.Slots[node.PlaceOf(bit)];
            if (slot.Content is not Node below)
            {
                node.Remove(bit);
                return node;
            }
            var child = Remove(below, shift + BitsPerLevel, hash);
            // A single entry moves up, so an index's shape depends on its content only.
            if (child.Slots.Length == 1 && child.Slots[0].Content is not Node) slot = child.Slots[0];
            else slot.Content = child;
            return node;
        }
    }
}
