using Ambient.Model.State;
using Ambient.Model.Workloads;

namespace Ambient.Model.Balancing;

/// <summary>The workloads of one service. Immutable; the default has none.</summary>
/// <remarks>Few, as most services have, are a plain array; of many there is an index, so that a change does not copy them all.</remarks>
internal readonly struct ServiceMembers
{
    private const int Few = 32;

    private readonly object? _content; // Workload[], or HashIndex<Workload> by Workload.UidHash

    private ServiceMembers(object? content) => _content = content;

    public int Count => _content switch
    {
        null => 0,
        Workload[] few => few.Length,
        var many => ((HashIndex<Workload>)many).Count,
    };

    /// <summary>In no particular order.</summary>
    public IEnumerable<Workload> Items => _content switch
    {
        null => [],
        Workload[] few => few,
        var many => ((HashIndex<Workload>)many).Items,
    };

    public Workload? Find(string uid)
    {
        if (_content is HashIndex<Workload> many) return WorkloadTable.FindByUid(many.Find(string.GetHashCode(uid)), uid);
        foreach (var workload in _content as Workload[] ?? [])
            if (workload.HasUid(uid)) return workload;
        return null;
    }

    /// <summary>A copy to change. Not thread-safe; these members stay as they are.</summary>
    public Builder ToBuilder() => new(this);

    public sealed class Builder
    {
        private readonly List<Workload> _few = [];
        private HashIndex<Workload>.Builder? _many; // takes the place of _few

        internal Builder(ServiceMembers members)
        {
            if (members._content is HashIndex<Workload> many) _many = many.ToBuilder();
            else _few.AddRange(members.Items);
        }

        /// <inheritdoc cref="ServiceMembers.Items"/>
        public IEnumerable<Workload> Items => _many?.Items ?? _few;

        public bool Has(Workload member) => _many?.Find(member.UidHash).Has(member) ?? _few.Contains(member, ReferenceEqualityComparer.Instance);

        public void Add(Workload member)
        {
            if (_many is null && _few.Count < Few)
            {
                _few.Add(member);
                return;
            }
            if (_many is null)
            {
                _many = HashIndex<Workload>.Empty.ToBuilder();
                foreach (var other in _few) _many.Add(other.UidHash, other);
            }
            _many.Add(member.UidHash, member);
        }

        /// <param name="after">Of the same uid.</param>
        public void Replace(Workload before, Workload after)
        {
            if (_many is not null) _many.Replace(after.UidHash, before, after);
            else _few[IndexOf(before)] = after;
        }

        public void Remove(Workload member)
        {
            if (_many is not null) _many.Remove(member.UidHash, member);
            else if (IndexOf(member) is >= 0 and var index) _few.RemoveAt(index);
        }

        public ServiceMembers ToMembers()
        {
            if (_many is null) return new(_few.Count == 0 ? null : _few.ToArray());
            var many = _many.ToIndex();
            return new(many.Count > Few ? many : many.Items.ToArray());
        }

        private int IndexOf(Workload member) => _few.FindIndex(other => ReferenceEquals(other, member));
    }
}
