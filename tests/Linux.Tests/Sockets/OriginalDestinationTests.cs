using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Sockets;
using Ambient.TestKit;

namespace Ambient.Linux.Tests.Sockets;

public class OriginalDestinationTests
{
    [Theory]
    [InlineData("192.0.2.1", "0.0.0.0")]
    [InlineData("192.0.2.1", "::")] // dual stack
    [InlineData("2001:db8::1", "::")]
    public void A_redirected_connection_tells_where_it_was_going(string target, string listenOn)
    {
        using var inside = new TemporaryNamespace();
        Redirect(inside, target, toPort: 15001);
        using var listener = inside.Namespace.Run(() => ListeningSocket.Open(new(IPAddress.Parse(listenOn), 15001), new()));
        using var client = inside.Namespace.Run(() => OutgoingSocket.Open(IPAddress.Parse(target).AddressFamily, new()));

        Loopback.Connect(client, new(IPAddress.Parse(target), 8080));
        using var accepted = Loopback.Accept(listener, out _);

        Assert.True(OriginalDestination.TryRead(accepted, out var original));
        Assert.Equal(new IPEndPoint(IPAddress.Parse(target), 8080), original);
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public void A_connection_that_was_not_redirected_has_no_other_destination(AddressFamily family)
    {
        using var inside = new TemporaryNamespace();
        using var listener = inside.Namespace.Run(() => ListeningSocket.Open(new(Loopback.Of(family), 15001), new()));
        using var client = inside.Namespace.Run(() => OutgoingSocket.Open(family, new()));

        Loopback.Connect(client, new(Loopback.Of(family), 15001));
        using var accepted = Loopback.Accept(listener, out _);

        Assert.False(OriginalDestination.TryRead(accepted, out _));
    }

    private static void Redirect(TemporaryNamespace inside, string target, int toPort)
    {
        var ip = target.Contains(':', StringComparison.Ordinal) ? "ip6" : "ip";
        inside.Ip("address", "add", ip == "ip6" ? $"{target}/128" : $"{target}/32", "dev", "lo");
        if (ip == "ip6")
            inside.Sysctl("net.ipv6.conf.all.disable_ipv6", "0");
        inside.Execute("nft", $"table {ip} t {{ chain out {{ type nat hook output priority -100; {ip} daddr {target} tcp dport 8080 redirect to :{toPort}; }}; }}");
    }
}
