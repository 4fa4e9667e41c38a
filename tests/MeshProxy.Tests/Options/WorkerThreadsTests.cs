
namespace Ambient.MeshProxy.Tests.Options;

public sealed class WorkerThreadsTests
{
    [Theory]
    // Said outright.
    [InlineData("4", null, null, null, null, 8, 4)]
    [InlineData("0", null, null, null, null, 8, 8)]
    [InlineData("50%", null, null, null, null, 8, 4)]
    [InlineData("1%", null, null, null, null, 8, 1)]
    [InlineData("100%", null, null, null, null, 8, 8)]
    [InlineData("33%", null, null, null, null, 10, 4)]
    [InlineData("50%", "4", null, null, null, 16, 2)]
    [InlineData("0", "3", null, null, null, 16, 3)]
    [InlineData("0", null, "6", null, null, 16, 6)]
    [InlineData("5", "2", "2", "2", 3, 8, 5)]
    // Nothing said, no limit in force: a quarter of the CPUs, the request, two.
    [InlineData(null, null, null, null, null, 2, 2)]
    [InlineData(null, null, null, null, null, 8, 2)]
    [InlineData(null, null, null, null, null, 9, 3)]
    [InlineData(null, null, null, null, null, 64, 16)]
    [InlineData(null, null, null, "4", null, 8, 4)]
    [InlineData(null, null, null, "500m", null, 8, 2)]
    [InlineData(null, null, "64", null, null, 8, 16)]
    [InlineData(null, null, "64", "20", null, 8, 20)]
    // A limit in force: the larger of limit and request.
    [InlineData(null, "1", null, null, null, 64, 1)]
    [InlineData(null, "500m", null, null, null, 64, 1)]
    [InlineData(null, "6", null, "2", null, 64, 6)]
    [InlineData(null, "2", null, "6", null, 64, 6)]
    [InlineData(null, "6", "64", null, null, 64, 6)]
    [InlineData(null, "0", null, null, null, 64, 1)]
    // The proxy configuration's concurrency.
    [InlineData(null, null, null, null, 3, 8, 3)]
    [InlineData(null, null, null, null, 0, 8, 8)]
    [InlineData(null, "4", null, null, 0, 8, 4)]
    [InlineData(null, "4", null, null, 2, 8, 2)]
    [InlineData("1", null, null, null, 3, 8, 1)]
    public void The_number_follows_from_what_is_said(
        string? threads, string? limit, string? cpus, string? request, int? concurrency, int processors, int expected)
    {
        var settings = Settings(threads, limit, cpus, request);

        Assert.Equal(expected, WorkerThreads.Read(settings, "ZTUNNEL", concurrency, processors));
        Assert.Empty(settings.Mistakes);
    }

    [Theory]
    [InlineData("0%")]
    [InlineData("101%")]
    [InlineData("-1")]
    [InlineData("%")]
    [InlineData("many")]
    [InlineData("1.5")]
    [InlineData("5000")]
    public void Other_numbers_are_mistakes(string threads)
    {
        var settings = Settings(threads, null, null, null);

        WorkerThreads.Read(settings, "ZTUNNEL", null, 8);

        Assert.Contains("ZTUNNEL_WORKER_THREADS", Assert.Single(settings.Mistakes).ToString());
    }

    [Fact]
    public void A_limit_that_is_no_quantity_is_a_mistake()
    {
        var settings = Settings(null, "lots", null, "-1");

        WorkerThreads.Read(settings, "ZTUNNEL", null, 8);

        Assert.Equal(2, settings.Mistakes.Count);
    }

    private static SettingsReader Settings(string? threads, string? limit, string? cpus, string? request)
    {
        var environment = new Dictionary<string, string>();
        Add("ZTUNNEL_WORKER_THREADS", threads);
        Add("ZTUNNEL_RESOURCE_CPU_LIMIT", limit);
        Add("ZTUNNEL_CPU_LIMIT", cpus);
        Add("ZTUNNEL_RESOURCE_CPU_REQUEST", request);
        return new(environment);

        void Add(string name, string? value)
        {
            if (value is not null) environment[name] = value;
        }
    }
}
