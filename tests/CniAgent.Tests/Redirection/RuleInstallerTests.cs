using Ambient.CniAgent.Redirection;

namespace Ambient.CniAgent.Tests.Redirection;

public sealed class RuleInstallerTests : IDisposable
{
    private readonly PodLab _lab = new();
    private readonly RuleInstaller _installer = new(PodLab.Node, keepsConnections: true);

    public void Dispose() => _lab.Dispose();

    private Task<IReadOnlyList<string>> EnsureAsync() => _installer.EnsureAsync(_lab.Pod, PodLab.Defaults);

    private Task<IReadOnlyList<string>> InspectAsync() => _installer.InspectAsync(_lab.Pod, PodLab.Defaults);

    [Fact]
    public async Task Installing_again_finds_everything_in_place()
    {
        Assert.Empty(await EnsureAsync());

        Assert.Empty(await EnsureAsync());
        Assert.Empty(await InspectAsync());
    }

    [Fact]
    public async Task Removal_leaves_nothing_and_may_be_repeated()
    {
        var before = Everything();
        await EnsureAsync();
        Assert.NotEqual(before, Everything());

        await _installer.RemoveAsync(_lab.Pod);
        await _installer.RemoveAsync(_lab.Pod);

        Assert.Equal(before, Everything());
    }

    [Fact]
    public async Task A_new_sandbox_gets_the_same_rules_in_one_transaction()
    {
        Assert.Empty(await _installer.EnsureAsync(_lab.Pod, PodLab.Defaults, isNewSandbox: true));

        Assert.Empty(await InspectAsync());
        Assert.Empty(await EnsureAsync());
        using var other = new PodLab();
        Assert.Empty(await _installer.EnsureAsync(other.Pod, PodLab.Defaults, isNewSandbox: true)); // of which the kernel's listing is known by now
        Assert.Empty(await _installer.InspectAsync(other.Pod, PodLab.Defaults));
        Assert.Equal(_lab.InPod("nft", "-s list ruleset"), other.InPod("nft", "-s list ruleset"));
    }

    [Fact]
    public async Task What_stands_in_a_new_sandbox_already_is_replaced()
    {
        _lab.InPod("nft", "add table inet ambient { chain c { type filter hook output priority 0; tcp dport 1 drop; }; }");

        await _installer.EnsureAsync(_lab.Pod, PodLab.Defaults, isNewSandbox: true);

        Assert.Empty(await InspectAsync());
        Assert.DoesNotContain("tcp dport 1 ", _lab.InPod("nft", "list ruleset"));
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
    public async Task What_another_process_installed_is_replaced_and_named_by_nobody()
    {
        await new RuleInstaller(PodLab.Node, keepsConnections: true).EnsureAsync(_lab.Pod, PodLab.Defaults);

        Assert.NotEmpty(await InspectAsync());
        Assert.Empty(await EnsureAsync());
        Assert.Empty(await InspectAsync());
    }

    [Fact]
    public async Task Probe_ports_and_many_addresses_of_the_node_are_found_in_place()
    {
        var node = new NodeAddressSet([.. Enumerable.Range(1, 200).Select(i => $"10.9.8.{i}")], [.. Enumerable.Range(1, 50).Select(i => $"fd09::{i:x}")]);
        var installer = new RuleInstaller(() => node, keepsConnections: true);
        var settings = PodLab.Defaults with { ProbePorts = [80, 443, 8080, 9090, 65535] };
        await installer.EnsureAsync(_lab.Pod, settings);

        Assert.Empty(await installer.InspectAsync(_lab.Pod, settings));
        Assert.Empty(await installer.EnsureAsync(_lab.Pod, settings));
    }

    [Fact]
    public async Task Other_settings_replace_the_rules()
    {
        await EnsureAsync();
        var other = PodLab.Defaults with { BypassInbound = true, CaptureDns = false };

        await _installer.EnsureAsync(_lab.Pod, other);

        Assert.Empty(await _installer.InspectAsync(_lab.Pod, other));
        Assert.NotEmpty(await InspectAsync());
        Assert.DoesNotContain("15053", _lab.InPod("nft", "list ruleset"));
    }

    [Fact]
    public async Task The_pods_own_rules_are_left_alone()
    {
        _lab.InPod("nft", "add table inet mine { chain c { tcp dport 1 accept; }; }");

        await EnsureAsync();
        await _installer.RemoveAsync(_lab.Pod);

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
        + string.Join('\n', (_lab.InPod("ip", "route show table all") + _lab.InPod("ip", "-6 route show table all"))
            .Split('\n').Where(static route => route.Contains("table 100", StringComparison.Ordinal)));
}
