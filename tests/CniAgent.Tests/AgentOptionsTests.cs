namespace Ambient.CniAgent.Tests;

public sealed class AgentOptionsTests
{
    [Fact]
    public void All_mistakes_are_reported_together()
    {
        var error = Assert.Throws<FormatException>(() => AgentOptions.Parse(
            ["--dns-capture", "maybe", "--audit-interval", "0", "--pages", "here", "--what", "x", "--zds"]));

        foreach (var name in new[] { "--dns-capture", "--audit-interval", "--pages", "--what", "--zds", "--pods" })
            Assert.Contains(name, error.Message);
    }

    [Fact]
    public void Defaults_are_those_of_the_usage()
    {
        var options = AgentOptions.Parse(["--pods", "/p"]);

        Assert.Equal(("/p", "/var/run/ztunnel/ztunnel.sock", true, TimeSpan.FromSeconds(30)),
            (options.PodDirectory, options.ZdsPath, options.CaptureDns, options.AuditInterval));
    }
}
