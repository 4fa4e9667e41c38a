using System.Net;
using System.Net.Sockets;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Allocation;

/// <summary>A host of a ServiceEntry and the address it has.</summary>
internal readonly record struct HostAddress(string Host, IPAddress Address);

/// <summary>Which host of which ServiceEntry has which address. Not thread-safe.</summary>
/// <remarks>
/// What an object's status says is kept, also across leaders. Should two objects say the same, the older keeps it. An address is given to
/// one host only, and to none if an object names it as its own; one that becomes free is not sought out by others, so that who still
/// remembers it is not led astray.
/// </remarks>
internal sealed class AddressBook
{
    /// <param name="HasChosen">It was not given the address but names it itself.</param>
    private sealed record Holder(ObjectName Name, DateTimeOffset Created, bool HasChosen = false)
    {
        public bool IsBefore(Holder other)
        {
            var order = other.HasChosen.CompareTo(HasChosen);
            if (order == 0) order = Created.CompareTo(other.Created);
            if (order == 0) order = string.CompareOrdinal(Name.ToString(), other.Name.ToString());
            return order < 0;
        }
    }

    private readonly Dictionary<IPAddress, Holder> _holders = [];
    private readonly Dictionary<ObjectName, HostAddress[]> _given = [];
    private readonly Dictionary<ObjectName, (Holder By, IPAddress[] Addresses)> _chosen = []; // without empty ones

    /// <summary>Addresses that hosts have now.</summary>
    public int Count => _holders.Count;

    /// <summary>IPv4 addresses that were given back until now, and perhaps given again.</summary>
    public long Freed { get; private set; }

    /// <summary>What an object's status should say, as far as it is known; empty: nothing of ours.</summary>
    public IReadOnlyList<HostAddress> Of(ObjectName name) => _given.GetValueOrDefault(name) ?? [];

    /// <summary>Takes over what the status says, and gives nothing yet: all objects are to be heard before the first new address is given.</summary>
    public void Learn(ServiceEntry entry, IReadOnlyList<string> hosts)
    {
        var holder = HolderOf(entry);
        _given[holder.Name] = [.. Kept(entry, hosts, holder, [])];
    }

    /// <summary>Gives each of <paramref name="hosts"/> an address of each family, and takes back what others of the object had.</summary>
    /// <param name="robbed">Whoever has lost an address to this older object and needs another.</param>
    /// <returns>False: the range is full, and some host has no IPv4 address.</returns>
    public bool Give(ServiceEntry entry, IReadOnlyList<string> hosts, ICollection<ObjectName> robbed)
    {
        var holder = HolderOf(entry);
        var given = new List<HostAddress>(Kept(entry, hosts, holder, robbed));
        var isFull = false;
        foreach (var host in hosts)
        {
            var key = $"{holder.Name}/{host}";
            if (!given.Exists(one => one.Host == host && one.Address.GetAddressBytes().Length == 4))
                isFull |= !Find(attempt => AddressRanges.V4(key, attempt), host, holder, given);
            if (!given.Exists(one => one.Host == host && one.Address.GetAddressBytes().Length == 16))
                isFull |= !Find(attempt => AddressRanges.V6(key, attempt), host, holder, given);
        }
        _given[holder.Name] = [.. given.OrderBy(static one => one.Host, StringComparer.Ordinal).ThenBy(static one => one.Address.GetAddressBytes().Length)];
        return !isFull;
    }

    public void Remove(ObjectName name)
    {
        if (_given.Remove(name, out var given))
            foreach (var one in given) Free(one.Address, name);
        if (_chosen.Remove(name, out var chosen))
            foreach (var address in chosen.Addresses) Free(address, name);
    }

    // What was given, or else is written in the status, for hosts that the object still has.
    private List<HostAddress> Kept(ServiceEntry entry, IReadOnlyList<string> hosts, Holder holder, ICollection<ObjectName> robbed)
    {
        var kept = new List<HostAddress>();
        var before = _given.GetValueOrDefault(holder.Name) ?? [];
        foreach (var one in before.Concat(Written(entry)))
        {
            var isWanted = hosts.Contains(one.Host) && !kept.Exists(other => IsSameFamily(one, other) || other.Address.Equals(one.Address));
            if (isWanted && Take(one.Address, holder, robbed)) kept.Add(one);
        }
        foreach (var one in before)
            if (!kept.Contains(one)) Free(one.Address, holder.Name);
        Choose(entry, holder with { HasChosen = true }, kept, robbed);
        return kept;
    }

    // What users have chosen of our range, perhaps because it was given to them before.
    private void Choose(ServiceEntry entry, Holder chooser, List<HostAddress> kept, ICollection<ObjectName> robbed)
    {
        var (before, now) = (_chosen.GetValueOrDefault(chooser.Name).Addresses ?? [], Named(entry).ToArray());
        if (now.Length > 0) _chosen[chooser.Name] = (chooser, now);
        else _chosen.Remove(chooser.Name);
        foreach (var address in before)
            if (!now.Contains(address) && !kept.Exists(one => one.Address.Equals(address))) Free(address, chooser.Name);
        foreach (var address in now) Take(address, chooser, robbed);
    }

    private static IEnumerable<IPAddress> Named(ServiceEntry entry)
    {
        foreach (var text in entry.Spec?.Addresses ?? [])
            if (IPAddress.TryParse(text, out var address) && AddressRanges.Contains(address)) yield return address;
    }

    private static bool IsSameFamily(HostAddress one, HostAddress other) =>
        one.Host == other.Host && one.Address.AddressFamily == other.Address.AddressFamily;

    private static IEnumerable<HostAddress> Written(ServiceEntry entry)
    {
        foreach (var one in entry.Status?.Addresses ?? [])
            if (one is not null && IPAddress.TryParse(one.Value, out var address) && AddressRanges.Contains(address))
                yield return new(one.Host?.ToLowerInvariant() ?? "", address);
    }

    private bool Take(IPAddress address, Holder holder, ICollection<ObjectName> robbed)
    {
        if (!_holders.TryGetValue(address, out var other) || other.Name == holder.Name)
        {
            _holders[address] = holder;
            return true;
        }
        if (!holder.IsBefore(other)) return false;
        _holders[address] = holder;
        _given[other.Name] = [.. Of(other.Name).Where(one => !one.Address.Equals(address))];
        robbed.Add(other.Name);
        return true;
    }

    private bool Find(Func<int, IPAddress> candidate, string host, Holder holder, List<HostAddress> given)
    {
        for (var attempt = 0; attempt < AddressRanges.V4Size; attempt++)
        {
            var address = candidate(attempt);
            if (!_holders.TryAdd(address, holder)) continue;
            given.Add(new(host, address));
            return true;
        }
        return false;
    }

    private void Free(IPAddress address, ObjectName name)
    {
        if (!_holders.TryGetValue(address, out var holder) || holder.Name != name) return;
        _holders.Remove(address);
        foreach (var (other, chosen) in _chosen.Values) // two may name the same
            if (other.Name != name && chosen.Contains(address)) _holders[address] = other;
        if (address.AddressFamily == AddressFamily.InterNetwork) Freed++;
    }

    private static Holder HolderOf(ServiceEntry entry) => new(ObjectName.Of(entry), entry.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue);
}
