using System.Net.Sockets;
using Ambient.ControlPlane.Allocation;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using static Ambient.ControlPlane.Tests.Allocation.Entries;

namespace Ambient.ControlPlane.Tests.Allocation;

/// <summary>Addresses of hosts without any: given once, kept, never twice.</summary>
public sealed class AddressBookTests
{
    [Fact]
    public void Each_host_gets_one_address_of_each_family_from_the_ranges()
    {
        var book = new AddressBook();

        Assert.True(Give(book, Entry("a", "x.example.com", "y.example.com")));

        var given = book.Of(new("n", "a"));
        Assert.Equal(["x.example.com", "x.example.com", "y.example.com", "y.example.com"], given.Select(static one => one.Host));
        Assert.Equal(4, given.Select(static one => one.Address).Distinct().Count());
        Assert.All(given, static one => Assert.StartsWith(one.Address.AddressFamily == AddressFamily.InterNetwork ? "240.240." : "2001:2::", one.Address.ToString()));
    }

    [Theory]
    [InlineData("DNS", "x.example.com", "", "", 1)]
    [InlineData("STATIC", "X.example.com", "", "", 1)]
    [InlineData("NONE", "x.example.com", "", "", 0)]
    [InlineData(null, "x.example.com", "", "", 0)]
    [InlineData("DNS", "x.example.com", "10.0.0.1", "", 0)]
    [InlineData("DNS", "x.example.com", "", "false", 0)]
    [InlineData("DNS", "x.example.com", "", "true", 1)]
    [InlineData("DNS", "*.example.com", "", "", 0)]
    [InlineData("DYNAMIC_DNS", "*.example.com", "", "", 1)]
    [InlineData("DNS", "not a host", "", "", 0)]
    public void Who_gets_any(string? resolution, string host, string address, string label, int hosts)
    {
        var entry = Entry("a", host);
        entry = entry with
        {
            Spec = entry.Spec! with { Resolution = resolution, Addresses = address.Length > 0 ? [address] : [] },
            Metadata = entry.Metadata with { Labels = label.Length > 0 ? new Dictionary<string, string> { ["networking.istio.io/enable-autoallocate-ip"] = label } : null },
        };

        Assert.Equal(hosts, HostsOf(entry).Count);
        Assert.Empty(AllocatedHosts.Of(entry, new() { AllocatedIps = false }));
    }

    [Fact]
    public void What_the_status_says_is_kept_by_the_next_leader()
    {
        var entry = Entry("a", "x.example.com") with { Status = Says(("x.example.com", "240.240.7.7"), ("x.example.com", "2001:2::7")) };
        var book = new AddressBook();

        book.Learn(entry, ["x.example.com"]);
        Give(book, Entry("b", "other.example.com"));
        Give(book, entry);

        Assert.Equal(["240.240.7.7", "2001:2::7"], book.Of(new("n", "a")).Select(static one => one.Address.ToString()));
    }

    [Fact]
    public void Nobody_is_given_what_another_says_that_it_has_and_of_two_the_older_keeps_it()
    {
        var (old, young) = (Entry("z", "z.example.com", age: 2), Entry("a", "a.example.com", age: 1));
        young = young with { Status = Says(("a.example.com", "240.240.7.7")) };
        old = old with { Status = Says(("z.example.com", "240.240.7.7")) };
        var (book, robbed) = (new AddressBook(), new List<ObjectName>());

        book.Give(young, ["a.example.com"], robbed);
        Assert.Empty(robbed);
        book.Give(old, ["z.example.com"], robbed);
        Assert.Equal([new("n", "a")], robbed);
        book.Give(young, ["a.example.com"], robbed);

        Assert.Contains(book.Of(new("n", "z")), static one => one.Address.ToString() == "240.240.7.7");
        Assert.DoesNotContain(book.Of(new("n", "a")), static one => one.Address.ToString() == "240.240.7.7");
        Assert.Equal(4, book.Count);
    }

    [Fact]
    public void A_host_that_goes_gives_its_addresses_back_and_the_others_keep_theirs()
    {
        var book = new AddressBook();
        Give(book, Entry("a", "x.example.com", "y.example.com"));
        var before = book.Of(new("n", "a")).Where(static one => one.Host == "y.example.com").ToList();

        Give(book, Entry("a", "y.example.com"));
        Assert.Equal(before, book.Of(new("n", "a")));
        Assert.Equal(2, book.Count);
        Give(book, Entry("a", "y.example.com") with { Spec = new() { Hosts = ["y.example.com"], Resolution = "DNS", Addresses = ["10.0.0.1"] } });
        Assert.Empty(book.Of(new("n", "a")));
        Assert.Equal(0, book.Count);
    }

    [Fact]
    public void Addresses_of_others_are_no_claim()
    {
        var book = new AddressBook();

        Give(book, Entry("a", "x.example.com") with { Status = Says(("x.example.com", "10.0.0.1"), ("x.example.com", "nonsense"), ("gone.example.com", "240.240.1.1")) });

        Assert.All(book.Of(new("n", "a")), static one => Assert.True(AddressRanges.Contains(one.Address)));
        Assert.DoesNotContain(book.Of(new("n", "a")), static one => one.Address.ToString() == "240.240.1.1");
    }

    [Fact]
    public void A_full_range_is_said_and_what_is_freed_serves_the_next()
    {
        var book = new AddressBook();
        for (var i = 0; i < AddressRanges.V4Size; i++) Assert.True(Give(book, Entry($"e{i}", $"h{i}.example.com")), $"{i}");

        Assert.False(Give(book, Entry("more", "more.example.com")));
        Assert.Equal(AddressFamily.InterNetworkV6, Assert.Single(book.Of(new("n", "more"))).Address.AddressFamily);
        Assert.Equal(AddressRanges.V4Size, Enumerable.Range(0, AddressRanges.V4Size).SelectMany(i => book.Of(new("n", $"e{i}")))
            .Where(static one => one.Address.AddressFamily == AddressFamily.InterNetwork).Select(static one => one.Address).Distinct().Count());
        book.Remove(new("n", "e5"));

        Assert.True(Give(book, Entry("more", "more.example.com")));
    }

    [Fact]
    public void Any_history_leaves_every_address_with_one_holder_and_every_host_with_its_addresses()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var (book, entries) = (new AddressBook(), new Dictionary<ObjectName, ServiceEntry>());
            for (var step = 0; step < 60; step++)
            {
                var name = $"e{random.Next(8)}";
                var entry = Entry(name, age: random.Next(3), hosts: [.. Enumerable.Range(0, random.Next(1, 4)).Select(i => $"h{i}.example.com")]);
                if (random.Next(5) == 0)
                {
                    entries.Remove(new("n", name));
                    book.Remove(new("n", name));
                    continue;
                }
                // Statuses may say anything that somebody wrote, such as what another object has.
                var other = entries.Keys.Order(Comparer<ObjectName>.Create(static (l, r) => string.CompareOrdinal(l.Name, r.Name))).ElementAtOrDefault(random.Next(8));
                if (random.Next(3) == 0 && other != default) entry = entry with { Status = Says([.. book.Of(other).Select(one => ("h0.example.com", one.Address.ToString()))]) };
                entries[new("n", name)] = entry;
                var waiting = new Queue<ObjectName>([new("n", name)]);
                for (var turn = 0; waiting.TryDequeue(out var next); turn++)
                {
                    Assert.True(turn < 100, $"seed {seed}: they take from each other without end");
                    var robbed = new List<ObjectName>();
                    Assert.True(book.Give(entries[next], HostsOf(entries[next]), robbed));
                    foreach (var one in robbed) waiting.Enqueue(one);
                }

                var all = entries.Keys.SelectMany(one => book.Of(one)).ToList();
                Assert.True(all.Select(static one => one.Address).Distinct().Count() == all.Count, $"seed {seed}: an address was given twice");
                Assert.True(all.Count == book.Count, $"seed {seed}: {all.Count} given, {book.Count} held");
                Assert.True(entries.All(one => book.Of(one.Key).Count == 2 * HostsOf(one.Value).Count), $"seed {seed}: a host has none");
            }
        }
    }
}
