using System.Text;
using Ambient.Http1;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Tracing;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.HttpProxy.Tests.Tracing;

/// <summary>Contexts of traces as requests bring them and as servers get them.</summary>
public sealed class RequestTraceTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c", Short = "8448eb211c80319c", Span = "b7ad6b7169203331";

    [Theory]
    [InlineData($"00-{Trace}-{Span}-01", Trace, true)]
    [InlineData($"00-{Trace}-{Span}-00", Trace, false)]
    [InlineData($"cc-{Trace}-{Span}-01-what-the-future-will-be-like", Trace, true)] // a later version, read as far as 00 goes
    [InlineData($"cc-{Trace}-{Span}-01.what", null, null)]
    [InlineData($"00-{Trace}-{Span}-01-more", null, null)]
    [InlineData($"ff-{Trace}-{Span}-01", null, null)]
    [InlineData($"00-00000000000000000000000000000000-{Span}-01", null, null)]
    [InlineData($"00-{Trace}-0000000000000000-01", null, null)]
    [InlineData($"00-0AF7651916CD43DD8448EB211C80319C-{Span}-01", null, null)]
    [InlineData($"00-{Trace}-{Span}-0", null, null)]
    [InlineData("", null, null)]
    public void Traceparent_is_read_as_w3c_has_it(string value, string? trace, bool? sampled) => AssertRead(trace, sampled, ("traceparent", value));

    [Theory]
    [InlineData($"{Trace}-{Span}-1", Trace, true)]
    [InlineData($"{Trace}-{Span}-d", Trace, true)]
    [InlineData($"{Trace}-{Span}-0-{Span}", Trace, false)]
    [InlineData($"{Trace}-{Span}", Trace, null)]
    [InlineData($"{Short}-{Span}-1", $"0000000000000000{Short}", true)]
    [InlineData("0", null, false)]
    [InlineData($"{Trace}-{Span}-x", null, null)]
    [InlineData($"{Trace}-{Span}x", null, null)]
    [InlineData("-", null, null)]
    public void B3_of_one_field(string value, string? trace, bool? sampled) => AssertRead(trace, sampled, ("b3", value));

    [Fact]
    public void B3_of_many_fields()
    {
        AssertRead(Trace, true, ("X-B3-TraceId", Trace), ("X-B3-SpanId", Span), ("X-B3-Sampled", "1"));
        AssertRead(Trace, true, ("x-b3-traceid", Trace), ("x-b3-spanid", Span), ("x-b3-flags", "1"));
        AssertRead(Trace, false, ("x-b3-traceid", Trace), ("x-b3-spanid", Span), ("x-b3-sampled", "false"));
        AssertRead(null, null, ("x-b3-traceid", Trace));
    }

    [Fact]
    public void W3c_goes_before_b3_and_a_field_that_is_there_twice_before_nothing()
    {
        AssertRead(Trace, true, ("b3", $"{Short}-{Span}-0"), ("traceparent", $"00-{Trace}-{Span}-01"));
        AssertRead(null, null, ("traceparent", $"00-{Trace}-{Span}-01"), ("traceparent", $"00-{Trace}-{Span}-01"));
    }

    [Fact]
    public void Whatever_comes_is_read_or_is_not() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
    {
        var value = new string([.. (text ?? "").Where(static letter => letter is > ' ' and < '\x7f')]);
        foreach (var name in (string[])["traceparent", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled"])
        {
            var trace = RequestTrace.Begin(FieldsOf((name, value)), 50, new Random(1), new());
            Assert.True(trace.Context.IsValid || trace == default);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_percentage_is_drawn_of_those_that_leave_it_open()
    {
        var (random, ids) = (new Random(7), new UniqueIds());
        var recorded = Enumerable.Range(0, 10_000).Count(_ => RequestTrace.Begin(new(), 10, random, ids).IsRecorded);
        Assert.InRange(recorded, 850, 1150);
    }

    [Theory]
    [InlineData("", $"traceparent: 00-T-S-01")]
    [InlineData($"b3: {Trace}-{Span}-1", $"traceparent: 00-{Trace}-S-01\nb3: {Trace}-S-1")]
    [InlineData($"X-B3-TraceId: {Trace}\nX-B3-SpanId: {Span}\nX-B3-ParentSpanId: {Span}\nX-B3-Sampled: 1",
        $"traceparent: 00-{Trace}-S-01\nx-b3-traceid: {Trace}\nx-b3-spanid: S\nx-b3-parentspanid: P\nx-b3-sampled: 1")]
    [InlineData($"traceparent: 00-{Trace}-{Span}-01\ntracestate: a=1", $"tracestate: a=1\ntraceparent: 00-{Trace}-S-01")]
    [InlineData("traceparent: junk\ntracestate: a=1", "traceparent: 00-T-S-01")] // what belongs to no trace any more is dropped
    public async Task Servers_are_told_in_the_words_of_the_client_and_in_w3cs(string fields, string told)
    {
        await using var scene = await ProxyScene.StartAsync();
        var decide = scene.Decide;
        scene.Decide = request => decide(request) with { Trace = RequestTrace.Begin(request.Fields, 100, new Random(3), new()) };
        var client = await scene.ConnectAsync();
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: a\r\n{string.Concat(fields.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static field => field + "\r\n"))}\r\n");
        var server = await scene.AcceptAsync();
        var seen = await server.ReadHeadAsync();
        await server.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await client.ReadHeadAsync();
        await scene.ReportAsync();
        var attempt = scene.Attempts.Single();
        var expected = told.Replace("-T-", $"-{Hex(attempt.Trace.Context.High)}{Hex(attempt.Trace.Context.Low)}-", StringComparison.Ordinal)
            .Replace("-S-", $"-{Hex(attempt.Span)}-", StringComparison.Ordinal).Replace(" S", $" {Hex(attempt.Span)}", StringComparison.Ordinal)
            .Replace(" P", $" {Hex(attempt.Trace.Context.SpanId)}", StringComparison.Ordinal);
        Assert.Equal($"GET / HTTP/1.1\nhost: a\n{expected}\n\n", seen.Replace("\r\n", "\n", StringComparison.Ordinal));
    }

    private static string Hex(ulong id) => id.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    private static void AssertRead(string? trace, bool? sampled, params (string, string)[] fields)
    {
        var found = IncomingTrace.Read(FieldsOf(fields));
        Assert.NotEqual(TraceFormats.None, found.Formats);
        Assert.Equal((trace, sampled), (found.Context.IsValid ? Hex(found.Context.High) + Hex(found.Context.Low) : null, found.Sampled));
    }

    private static FieldSection FieldsOf(params (string Name, string Value)[] fields)
    {
        var head = new RequestHeadBuilder(Http1Limits.Default);
        head.Begin("GET"u8, "/"u8, "a"u8);
        foreach (var (name, value) in fields) head.Add(Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
        head.Complete(hasBody: false, length: null);
        return head.Head.Fields;
    }
}
