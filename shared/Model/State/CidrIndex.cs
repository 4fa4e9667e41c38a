using Ambient.Model.Addresses;
using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>Services by the address ranges they stand for. One look-up for each prefix length in use, not for each range.</summary>
internal sealed class CidrIndex
{
    private readonly HashTrie<NetworkPrefix, ServiceKey[]> _ranges;
    private readonly HashTrie<(string Network, bool IsIPv6), int[]> _lengths; // how many ranges have each length

    public static readonly CidrIndex Empty = new(HashTrie<NetworkPrefix, ServiceKey[]>.Empty, HashTrie<(string, bool), int[]>.Empty);

    private CidrIndex(HashTrie<NetworkPrefix, ServiceKey[]> ranges, HashTrie<(string, bool), int[]> lengths)
    {
        _ranges = ranges;
        _lengths = lengths;
    }

    /// <summary>Services whose range has the address, the narrowest range first.</summary>
    public IEnumerable<(ServiceKey Service, int Length)> Find(NetworkAddress address)
    {
        var lengths = _lengths.Find((address.Network, address.IsIPv6));
        for (var length = (lengths?.Length ?? 0) - 1; length >= 0; length--)
        {
            if (lengths![length] == 0) continue;
            var range = new NetworkPrefix(address.Network, IpPrefix.Of(address.Bits, length));
            foreach (var service in _ranges.Find(range) ?? []) yield return (service, length);
        }
    }

    public Builder ToBuilder() => new(this);

    public sealed class Builder(CidrIndex index)
    {
        private readonly HashTrie<NetworkPrefix, ServiceKey[]>.Builder _ranges = index._ranges.ToBuilder();
        private readonly HashTrie<(string Network, bool IsIPv6), int[]>.Builder _lengths = index._lengths.ToBuilder();

        public CidrIndex ToIndex() => new(_ranges.ToTrie(), _lengths.ToTrie());

        public void Move(IReadOnlyCollection<NetworkPrefix> before, IReadOnlyCollection<NetworkPrefix> after, ServiceKey service)
        {
            _ranges.Move(before, service, after, service);
            foreach (var range in before) Count(range, -1);
            foreach (var range in after) Count(range, +1);
        }

        private void Count(NetworkPrefix range, int change)
        {
            var family = (range.Network, range.Prefix.IsIPv6);
            int[] counts = [.. _lengths.Find(family) ?? new int[129]];
            counts[range.Prefix.Length] += change;
            _lengths.Set(family, counts);
        }
    }
}
