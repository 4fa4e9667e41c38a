using Ambient.Ztunnel.Dns.Forwarding;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Ztunnel.Tests.Dns;

public sealed class ResolverConfigurationTests
{
    [Fact]
    public void A_usual_file_of_a_pod_is_understood()
    {
        var configuration = ResolverConfiguration.Parse("""
            # made by kubelet
            search ns1.svc.cluster.local svc.cluster.local. Cluster.Local
            nameserver 10.96.0.10
            nameserver fd00::a
            options ndots:5 timeout:2 attempts:3 rotate
            """);

        Assert.Equal(["10.96.0.10:53", "[fd00::a]:53"], configuration.Upstreams.Select(upstream => upstream.ToString()));
        Assert.Equal(["ns1.svc.cluster.local", "svc.cluster.local", "cluster.local"], configuration.Search);
        Assert.Equal(TimeSpan.FromSeconds(2), configuration.Timeout);
        Assert.Equal(3, configuration.Attempts);
        Assert.True(configuration.Rotate);
    }

    [Fact]
    public void Defaults_are_those_of_the_C_library()
    {
        var configuration = ResolverConfiguration.Parse("nameserver 10.0.0.1\r\n");

        Assert.Equal(TimeSpan.FromSeconds(5), configuration.Timeout);
        Assert.Equal(2, configuration.Attempts);
        Assert.False(configuration.Rotate);
        Assert.Empty(configuration.Search);
    }

    [Fact]
    public void The_last_search_line_counts() =>
        Assert.Equal(["b"], ResolverConfiguration.Parse("search a\ndomain b").Search);

    [Fact]
    public void Numbers_are_kept_within_their_limits()
    {
        var high = ResolverConfiguration.Parse("options timeout:4000 attempts:4000");
        var low = ResolverConfiguration.Parse("options timeout:0 attempts:0");
        var wrong = ResolverConfiguration.Parse("options timeout:-1 attempts:x timeout:");

        Assert.Equal((TimeSpan.FromSeconds(30), 5), (high.Timeout, high.Attempts));
        Assert.Equal((TimeSpan.FromSeconds(1), 1), (low.Timeout, low.Attempts));
        Assert.Equal((TimeSpan.FromSeconds(5), 2), (wrong.Timeout, wrong.Attempts));
    }

    [Fact]
    public void More_than_three_upstreams_are_not_taken() =>
        Assert.Equal(3, ResolverConfiguration.Parse("nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4").Upstreams.Count);

    [Fact]
    public void Any_text_is_read() =>
        Prop.ForAll<string[]>(lines =>
        {
            var text = string.Join('\n', lines.Select((line, i) => (i % 4) switch { 0 => "nameserver ", 1 => "options timeout:", 2 => "search ", _ => "" } + line));
            return ResolverConfiguration.Parse(text).Upstreams.Count <= ResolverConfiguration.MaxUpstreams;
        }).QuickCheckThrowOnFailure();
}
