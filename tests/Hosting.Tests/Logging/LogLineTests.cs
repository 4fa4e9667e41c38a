using System.Text;
using System.Text.Json;
using Ambient.Hosting.Logging;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Ambient.Hosting.Tests.Logging;

public sealed class LogLineTests
{
    private static readonly DateTimeOffset Time = new DateTimeOffset(2030, 1, 2, 4, 4, 5, TimeSpan.FromHours(1)).AddTicks(67);

    [Fact]
    public void A_plain_line_is_parted_by_tabs()
    {
        var line = LogLine.Create(LogFormat.Plain);

        line.Begin(Time, LogLevel.Warning, "ztunnel::pods::zds_client", "agent went away");
        line.BareText("src.addr"u8, "10.0.0.1:80");
        line.Field("uid"u8, "a\"b\n");
        line.Field("count"u8, 3);
        line.Field("up"u8, true);

        Assert.Equal(
            "2030-01-02T03:04:05.000006Z\twarn\tpods::zds_client\tagent went away\tsrc.addr=10.0.0.1:80 uid=\"a\\\"b\\n\" count=3 up=true\n",
            Text(line));
    }

    [Fact]
    public void Times_are_written_as_the_framework_writes_them() =>
        Prop.ForAll<DateTime>(time =>
        {
            var line = LogLine.Create(LogFormat.Plain);
            var utc = DateTime.SpecifyKind(time, DateTimeKind.Utc);
            line.Begin(new DateTimeOffset(utc), LogLevel.Information, "s", "m");
            return Text(line).StartsWith(utc.ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'\t", System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_line_without_fields_ends_with_its_message()
    {
        var line = LogLine.Create(LogFormat.Plain);
        line.Begin(Time, LogLevel.Information, "access", "connection complete");
        Assert.Equal("2030-01-02T03:04:05.000006Z\tinfo\taccess\tconnection complete\n", Text(line));
    }

    [Fact]
    public void A_JSON_line_is_one_object()
    {
        var line = LogLine.Create(LogFormat.Json);

        line.Begin(Time, LogLevel.Error, "ztunnel::pods", "é \"quoted\"");
        line.BareText("src.addr"u8, "10.0.0.1:80");
        line.Field("count"u8, 3);
        line.Field("up"u8, false);

        Assert.Equal(
            "{\"level\":\"error\",\"time\":\"2030-01-02T03:04:05.000006Z\",\"scope\":\"ztunnel::pods\",\"message\":\"é \\\"quoted\\\"\"," +
            "\"src.addr\":\"10.0.0.1:80\",\"count\":3,\"up\":false}\n", Text(line));
    }

    [Fact]
    public void Whatever_is_logged_stays_one_line() =>
        Prop.ForAll<string, string>((message, value) =>
        {
            foreach (var format in Enum.GetValues<LogFormat>())
            {
                var line = LogLine.Create(format);
                line.Begin(Time, LogLevel.Information, "s", message);
                line.Field("f"u8, value);
                line.BareText("b"u8, value ?? "");
                var text = Text(line);
                if (text.IndexOfAny(['\n', '\r', '\u2028']) != text.Length - 1) return false;
                if (format == LogFormat.Json) JsonDocument.Parse(text).Dispose();
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(LogFormat.Plain)]
    [InlineData(LogFormat.Json)]
    public void Formatting_allocates_nothing_once_warm(LogFormat format)
    {
        var line = LogLine.Create(format);

        Assert.Equal(0, Allocations.Of(() =>
        {
            line.Begin(Time, LogLevel.Information, "access", "connection complete");
            line.BareText("src.addr"u8, "10.0.0.1:80");
            line.Field("src.workload"u8, "web-0");
            line.Field("bytes_sent"u8, 1234567);
            line.End();
        }));
    }

    [Fact]
    public void Endless_text_is_cut()
    {
        var line = LogLine.Create(LogFormat.Plain);
        line.Begin(Time, LogLevel.Information, "s", new string('x', 1_000_000));
        Assert.InRange(Text(line).Length, LogLine.MaxTextLength, LogLine.MaxTextLength + 100);
    }

    private static string Text(LogLine line) => Encoding.UTF8.GetString(line.End());
}
