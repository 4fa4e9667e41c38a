using Ambient.ControlPlane.Allocation;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Allocation;

/// <summary>ServiceEntries without addresses, all in the namespace "n".</summary>
internal static class Entries
{
    private static readonly IndexOptions AllOn = new();

    public static IReadOnlyList<string> HostsOf(ServiceEntry entry) => AllocatedHosts.Of(entry, AllOn);

    public static bool Give(AddressBook book, ServiceEntry entry) => book.Give(entry, HostsOf(entry), []);

    public static ServiceEntry Entry(string name, params string[] hosts) => Entry(name, 0, hosts);

    public static ServiceEntry Entry(string name, string host, int age) => Entry(name, age, host);

    public static ServiceEntry Entry(string name, int age, params string[] hosts) => new()
    {
        Metadata = new() { Namespace = "n", Name = name, CreationTimestamp = DateTimeOffset.UnixEpoch.AddDays(10 - age) },
        Spec = new() { Hosts = hosts, Resolution = "DNS" },
    };

    public static ServiceEntryStatus Says(params (string Host, string Address)[] addresses) =>
        new() { Addresses = [.. addresses.Select(static one => new ServiceEntryAddress { Host = one.Host, Value = one.Address })] };
}
