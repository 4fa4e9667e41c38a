using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Netfilter;
using Ambient.TestKit;

namespace Ambient.Linux.Tests.Netfilter;

public sealed class RulesetVersionTests : IDisposable
{
    private const string Table = "add table inet t; add chain inet t c { type filter hook output priority 0; };";
    private readonly TemporaryNamespace _namespace = new();

    public void Dispose() => _namespace.Dispose();

    [Fact]
    public void Every_transaction_gives_another_one_and_looking_does_not()
    {
        var seen = new List<RulesetVersion> { Version() };
        foreach (var change in (string[])[Table, "add rule inet t c accept", "add rule inet t c accept", "flush chain inet t c", "flush ruleset", Table])
        {
            Run(change);
            seen.Add(Version());
        }

        Run("list ruleset");

        Assert.Equal(seen[^1], Version());
        Assert.Distinct(seen);
    }

    [Fact]
    public void A_change_by_another_program_gives_another_one()
    {
        Run(Table);
        var before = Version();

        _namespace.Execute("nft", "add", "rule", "inet", "t", "c", "accept");

        Assert.NotEqual(before, Version());
    }

    [Fact]
    public void What_packets_do_to_a_set_and_a_counter_gives_none()
    {
        Run(Table + "add set inet t s { type ipv4_addr; flags dynamic; }; add rule inet t c counter add @s { ip daddr };");
        var before = Version();

        _namespace.Namespace.Run(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            return socket.SendTo([1], new IPEndPoint(IPAddress.Loopback, 9));
        });

        Assert.Contains("127.0.0.1", Run("list set inet t s").Output);
        Assert.Equal(before, Version());
    }

    [Fact]
    public void Another_namespace_that_was_changed_as_often_has_another_one()
    {
        using var other = new TemporaryNamespace();

        Assert.NotEqual(Version(), other.Namespace.Run(RulesetVersion.OfThisThread));
    }

    private RulesetVersion Version() => Assert.NotNull(_namespace.Namespace.Run(RulesetVersion.OfThisThread));

    private NftResult Run(string commands)
    {
        var result = _namespace.Namespace.Run(() => Nftables.Run(commands));
        Assert.True(result.Succeeded, result.Error);
        return result;
    }
}
