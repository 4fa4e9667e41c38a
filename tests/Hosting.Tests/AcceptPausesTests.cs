using System.Buffers;
using System.Text;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Metrics;
using Ambient.Linux;
using Ambient.TestKit;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Ambient.Hosting.Tests;

public sealed class AcceptPausesTests
{
    [Fact]
    public void Each_is_counted_and_ten_seconds_of_them_are_one_line_that_says_what_to_do()
    {
        using var output = new MemoryStream();
        var (time, metrics) = (new ManualTime(), new MetricRegistry());
        using (var log = new ProcessLog(LogFormat.Plain, LogFilter.Parse("info"), output, time))
        {
            var pauses = new AcceptPauses(metrics, time, log.Loggers.CreateLogger<AcceptPauses>());
            for (var i = 0; i < 200; i++)
            {
                pauses.Report(Errno.FilesExhausted);
                time.Advance(TimeSpan.FromMilliseconds(100));
            }
        }

        var lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Contains("New connections wait (errno 24). The process is out of file descriptors: raise its RLIMIT_NOFILE hard limit.", line, StringComparison.Ordinal));
        var page = new ArrayBufferWriter<byte>();
        Assert.True(metrics.WriteAsync(page).IsCompletedSuccessfully); // nobody is waited for
        Assert.Contains("ambient_accept_pauses_total 200", Encoding.UTF8.GetString(page.WrittenSpan), StringComparison.Ordinal);
    }
}
