using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Sockets;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Linux.Tests.Sockets;

public class SocketNameTests
{
    [Fact]
    public void An_IPv4_end_point_reads_back() =>
        Prop.ForAll<uint, ushort>((address, port) =>
        {
            var endPoint = new IPEndPoint(new IPAddress(address), port);
            var name = SocketName.From(endPoint);
            return name.ToEndPoint().Equals(endPoint) && name.Port == port && name.Equals(SocketName.From(endPoint));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_IPv6_end_point_reads_back_and_an_IPv4_mapped_one_becomes_IPv4() =>
        Prop.ForAll(Gen.Choose(0, 255).ArrayOf(16).ToArbitrary(), ArbMap.Default.ArbFor<ushort>(), ArbMap.Default.ArbFor<bool>(), (raw, port, mapped) =>
        {
            var bytes = raw.Select(b => (byte)b).ToArray();
            if (mapped)
                IPAddress.Parse("::ffff:0.0.0.0").GetAddressBytes().AsSpan(0, 12).CopyTo(bytes);
            var address = new IPAddress(bytes);
            var expected = new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);

            return SocketName.From(new(address, port)).ToEndPoint().Equals(expected);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_scope_is_kept()
    {
        var endPoint = new IPEndPoint(new IPAddress(IPAddress.Parse("fe80::1").GetAddressBytes(), 7), 53);

        Assert.Equal(7, SocketName.From(endPoint).ToEndPoint().Address.ScopeId);
    }

    [Fact]
    public void An_IPv4_target_of_a_dual_stack_socket_is_mapped_on_the_way_in_and_not_on_the_way_out()
    {
        var endPoint = IPEndPoint.Parse("10.1.2.3:53");

        var name = SocketName.For(endPoint, AddressFamily.InterNetworkV6);

        Assert.Equal(28, name.Length);
        Assert.Equal(endPoint, name.ToEndPoint());
        Assert.NotEqual(SocketName.From(endPoint), name);
    }

    [Fact]
    public void An_IPv6_target_of_an_IPv4_socket_is_refused() =>
        Assert.Throws<ArgumentException>(() => SocketName.For(IPEndPoint.Parse("[::1]:53"), AddressFamily.InterNetwork));

    [Fact]
    public void What_the_kernel_did_not_name_is_unknown()
    {
        SocketName none = default;

        Assert.False(none.IsKnown);
        Assert.Throws<InvalidOperationException>(() => none.ToEndPoint());
        Assert.Equal("(no address)", none.ToString());
    }
}
