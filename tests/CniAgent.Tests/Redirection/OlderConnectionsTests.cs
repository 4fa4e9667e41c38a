using Ambient.CniAgent.Redirection;

namespace Ambient.CniAgent.Tests.Redirection;

public sealed class OlderConnectionsTests
{
    private const string Header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

    [Theory]
    [InlineData("   0: 0500000A:1F90 0200000A:C350 01 00000000:00000000", "10.0.0.5:8080", "10.0.0.2:50000")]
    [InlineData("   0: 0000000000000000FFFF00000500000A:1F90 0000000000000000FFFF00000200000A:C350 08 0", "10.0.0.5:8080", "10.0.0.2:50000")]
    [InlineData("   0: 000077FD000000000000000001000000:0050 000077FD000000000000000002000000:0051 01 0", "[fd77::1]:80", "[fd77::2]:81")]
    public void Both_ends_are_read(string line, string local, string remote)
    {
        var found = Assert.Single(OlderConnections.ParseTable([Header, line]));

        Assert.Equal((local, remote), ($"{found.Local}", $"{found.Remote}"));
    }

    [Theory]
    [InlineData("   0: 0500000A:1F90 00000000:0000 0A 0")] // listens
    [InlineData("   0: 0500000A:1F90 0200000A:C350 06 0")] // over
    [InlineData("   0: 0100007F:1F90 0100007F:C350 01 0")] // within the pod
    [InlineData("   0: 0500000A:1F90 0500000A:C350 01 0")] // with itself
    [InlineData("   0: 0500000A 0200000A:C350 01 0")]
    [InlineData("   0: 0500000G:1F90 0200000A:C350 01 0")]
    [InlineData("nonsense")]
    [InlineData("")]
    public void What_is_no_connection_under_way_is_left_out(string line) => Assert.Empty(OlderConnections.ParseTable([Header, line]));
}
