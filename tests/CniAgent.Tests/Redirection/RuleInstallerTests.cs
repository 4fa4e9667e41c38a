using Ambient.CniAgent.Commands;
using Ambient.CniAgent.Redirection;

namespace Ambient.CniAgent.Tests.Redirection;

public sealed class RuleInstallerTests : IDisposable
{
    private readonly PodLab _lab = new();
    private readonly NamespaceCommands _commands = new(TimeProvider.System);
    private readonly RuleInstaller _installer;

    public RuleInstallerTests() => _installer = new RuleInstaller(_commands);

    public void Dispose()
    {
        _commands.Dispose();
        _lab.Dispose();
    }

    private Task<IReadOnlyList<string>> EnsureAsync() => _installer.EnsureAsync(_lab.Pod, PodLab.Defaults, CancellationToken.None);

    private Task<IReadOnlyList<string>> InspectAsync() => _installer.InspectAsync(_lab.Pod, PodLab.Defaults, CancellationToken.None);

    [Fact]
    public async Task Installing_again_finds_everything_in_place()
    {
        Assert.NotEmpty(await EnsureAsync());

        Assert.Empty(await EnsureAsync());
        Assert.Empty(await InspectAsync());
    }

    [Fact]
    public async Task Removal_leaves_nothing_and_may_be_repeated()
    {
        var before = Everything();
        await EnsureAsync();
        Assert.NotEqual(before, Everything());

        await _installer.RemoveAsync(_lab.Pod, CancellationToken.None);
        await _installer.RemoveAsync(_lab.Pod, CancellationToken.None);

        Assert.Equal(before, Everything());
    }

    [Theory]
    [InlineData("nft", "flush chain inet ambient capture-in")]
    [InlineData("nft", "insert rule inet ambient capture-out accept")]
    [InlineData("nft", "add rule inet ambient guard-out accept")]
    [InlineData("nft", "add chain inet ambient extra")]
    [InlineData("nft", "add chain inet ambient guard-out { policy drop ; }")]
    [InlineData("nft", "delete table inet ambient")]
    [InlineData("nft", "flush ruleset")]
    [InlineData("ip", "-4 rule del pref 32764")]
    [InlineData("ip", "-6 rule del pref 32764")]
    [InlineData("ip", "-4 route flush table 100")]
    [InlineData("ip", "-6 route flush table 100")]
    public async Task Tampering_is_found_and_repaired(string program, string arguments)
    {
        await EnsureAsync();

        _lab.InPod(program, arguments);

        Assert.NotEmpty(await InspectAsync());
        Assert.NotEmpty(await EnsureAsync());
        Assert.Empty(await InspectAsync());
    }

    [Fact]
    public async Task Other_settings_replace_the_rules()
    {
        await EnsureAsync();
        var other = PodLab.Defaults with { BypassInbound = true, CaptureDns = false };

        await _installer.EnsureAsync(_lab.Pod, other, CancellationToken.None);

        Assert.Empty(await _installer.InspectAsync(_lab.Pod, other, CancellationToken.None));
        Assert.NotEmpty(await InspectAsync());
        Assert.DoesNotContain("15053", _lab.InPod("nft", "list ruleset"));
    }

    [Fact]
    public async Task The_pods_own_rules_are_left_alone()
    {
        _lab.InPod("nft", "add table inet mine { chain c { tcp dport 1 accept; }; }");

        await EnsureAsync();
        await _installer.RemoveAsync(_lab.Pod, CancellationToken.None);

        Assert.Contains("tcp dport 1 accept", _lab.InPod("nft", "list ruleset"));
    }

    [Fact]
    public async Task A_pod_without_ipv6_is_closed_all_the_same()
    {
        _lab.InPod("sysctl", "-qw net.ipv6.conf.all.disable_ipv6=1");
        _lab.InPod("sysctl", "-qw net.ipv6.conf.lo.disable_ipv6=1");

        await EnsureAsync();

        Assert.Empty(await InspectAsync());
    }

    private string Everything() =>
        _lab.InPod("nft", "list ruleset") + _lab.InPod("ip", "rule") + _lab.InPod("ip", "-6 rule")
        + _lab.InPod("ip", "route show table all") + _lab.InPod("ip", "-6 route show table all");
}
