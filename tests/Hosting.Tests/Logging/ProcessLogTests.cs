using System.Text;
using System.Text.Json;
using Ambient.Hosting.Logging;
using Ambient.TestKit;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Ambient.Hosting.Tests.Logging;

public sealed partial class ProcessLogTests
{
    [Fact]
    public void A_generated_message_becomes_a_plain_line_with_its_values_in_it()
    {
        var text = Written(LogFormat.Plain, "info", log => Log.Opened(log, "10.0.0.1:15008", 12.5));

        Assert.Equal("2030-01-02T03:04:05.000000Z\tinfo\thosting::tests::logging::process_log_tests\tTunnel to 10.0.0.1:15008 opened in 12.5 ms\n", text);
    }

    [Fact]
    public void A_JSON_line_has_the_values_by_name_as_well()
    {
        var text = Written(LogFormat.Json, "info", log => Log.Opened(log, "10.0.0.1:15008", 12.5));

        using var json = JsonDocument.Parse(text);
        Assert.Equal("10.0.0.1:15008", json.RootElement.GetProperty("Peer").GetString());
        Assert.Equal("12.5", json.RootElement.GetProperty("ElapsedMs").GetString());
    }

    [Fact]
    public void An_exception_follows_as_a_field_of_the_same_line()
    {
        var text = Written(LogFormat.Plain, "info", log => Log.Failed(log, new IOException("no route")));

        Assert.Contains("\terror\t", text);
        Assert.Contains("error=\"System.IO.IOException: no route", text);
        Assert.Equal(1, text.Count('\n'));
    }

    [Fact]
    public void Levels_by_scope_decide_what_is_written()
    {
        Assert.Equal("", Written(LogFormat.Plain, "info,hosting=warn", log => Log.Opened(log, "a", 1)));
        Assert.NotEqual("", Written(LogFormat.Plain, "warn,hosting::tests=info", log => Log.Opened(log, "a", 1)));
    }

    private static string Written(LogFormat format, string filter, Action<ILogger> work)
    {
        using var output = new MemoryStream();
        using (var log = new ProcessLog(format, LogFilter.Parse(filter), output, new ManualTime()))
            work(log.Loggers.CreateLogger<ProcessLogTests>());
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Tunnel to {Peer} opened in {ElapsedMs} ms")]
        public static partial void Opened(ILogger logger, string peer, double elapsedMs);

        [LoggerMessage(2, LogLevel.Error, "It failed")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
