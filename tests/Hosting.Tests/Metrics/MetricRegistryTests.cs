using System.Buffers;
using System.Text;
using Ambient.Hosting.Metrics;
using Ambient.TestKit;
using Xunit;

namespace Ambient.Hosting.Tests.Metrics;

public sealed class MetricRegistryTests
{
    [Fact]
    public void Families_are_written_as_OpenMetrics_and_empty_ones_not_at_all()
    {
        var metrics = new MetricRegistry();
        var requests = metrics.AddCounters("istio_dns_requests", "Total number of DNS requests (unstable).", ["request_query_type", "request_protocol"]);
        metrics.AddCounters("istio_empty", "Never counted.", ["reporter"]);
        var gauge = metrics.AddGauge("workload_manager_active_proxy_count", "Proxies now.");

        requests.With("a", "udp").Add(3);
        requests.With("aaaa", "tcp").Increment();
        gauge.Set(-2);

        Assert.Equal("""
            # HELP istio_dns_requests Total number of DNS requests (unstable).
            # TYPE istio_dns_requests counter
            istio_dns_requests_total{request_query_type="a",request_protocol="udp"} 3
            istio_dns_requests_total{request_query_type="aaaa",request_protocol="tcp"} 1
            # HELP workload_manager_active_proxy_count Proxies now.
            # TYPE workload_manager_active_proxy_count gauge
            workload_manager_active_proxy_count -2
            # EOF

            """, Text(metrics));
    }

    [Fact]
    public void A_histogram_has_sum_count_and_growing_buckets()
    {
        var metrics = new MetricRegistry();
        var durations = metrics.AddHistograms("seconds", "s", [0.0005, 0.001, 0.01, 0.1, 1, 5], ["q"]).With("a");

        durations.Observe(0.0005);
        durations.Observe(0.02);
        durations.Observe(7);

        Assert.Equal("""
            # HELP seconds s
            # TYPE seconds histogram
            seconds_sum{q="a"} 7.0205
            seconds_count{q="a"} 3
            seconds_bucket{q="a",le="0.0005"} 1
            seconds_bucket{q="a",le="0.001"} 1
            seconds_bucket{q="a",le="0.01"} 1
            seconds_bucket{q="a",le="0.1"} 2
            seconds_bucket{q="a",le="1.0"} 2
            seconds_bucket{q="a",le="5.0"} 2
            seconds_bucket{q="a",le="+Inf"} 3
            # EOF

            """, Text(metrics));
    }

    [Fact]
    public void Label_values_are_escaped()
    {
        var metrics = new MetricRegistry();
        metrics.AddCounters("c", "h", ["l"]).With("a\\b\"c\nd é").Increment();

        Assert.Contains("c_total{l=\"a\\\\b\\\"c\\nd é\"} 1\n", Text(metrics));
    }

    [Fact]
    public void Label_sets_beyond_the_bound_share_one_series()
    {
        var metrics = new MetricRegistry();
        var family = metrics.AddCounters("c", "h", ["l"], maxSeries: 2);

        foreach (var label in new[] { "a", "b", "c", "d", "a" }) family.With(label).Increment();

        Assert.Contains("c_total{l=\"a\"} 2\nc_total{l=\"b\"} 1\nc_total{l=\"overflow\"} 2\n# EOF", Text(metrics));
    }

    [Fact]
    public void Counting_and_finding_a_known_series_allocate_nothing()
    {
        var family = new MetricRegistry().AddCounters("c", "h", ["one", "two"]);
        var histogram = new MetricRegistry().AddHistograms("d", "h", [1, 2, 3], []).With();
        var (one, two) = ("a", "b");

        Assert.Equal(0, Allocations.Of(() => family.With(one, two).Increment()));
        Assert.Equal(0, Allocations.Of(() => histogram.Observe(1.5)));
    }

    [Fact]
    public async Task No_count_is_lost_between_threads()
    {
        var family = new MetricRegistry().AddCounters("c", "h", ["l"]);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++) family.With($"{i % 3}").Increment();
        })));

        Assert.Equal(40_000, family.With("0").Value + family.With("1").Value + family.With("2").Value);
    }

    [Fact]
    public void The_kernel_knows_our_descriptors_and_memory()
    {
        var metrics = new MetricRegistry();
        ProcessMetrics.AddTo(metrics);

        var text = Text(metrics);

        Assert.Matches("process_open_fds [1-9][0-9]*\n", text);
        Assert.Matches("process_max_fds [1-9][0-9]+\n", text);
        Assert.Matches("process_resident_memory_bytes [1-9][0-9]{6,}\n", text);
    }

    [Fact]
    public void Two_families_of_one_name_are_a_bug()
    {
        var metrics = new MetricRegistry();
        metrics.AddCounter("c", "h");

        Assert.Throws<ArgumentException>(() => metrics.AddGauge("c", "h"));
        Assert.Throws<ArgumentException>(() => metrics.AddCounters("d", "h", ["l"]).With("a", "b"));
    }

    private static string Text(MetricRegistry metrics)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.True(metrics.WriteAsync(output).IsCompletedSuccessfully); // nobody is waited for
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
