using System.Net.Sockets;
using System.Text;
using Ambient.Hosting.Pages;
using Ambient.TestKit;
using Ambient.TestKit.Peers;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ambient.Hosting.Tests.Pages;

public sealed class PageServerTests
{
    private static readonly PageHandler Echo = request => new(PageResponse.Text(200, $"{request.Method} {request.Path} {request.Query}\n"));

    [Fact]
    public async Task Curl_gets_a_page_and_keeps_its_connection()
    {
        using var pages = await ServedPages.StartAsync(Echo);

        var output = await PeerProcess.RunAsync("curl", "-sS", "--max-time", "10", "-w", "%{http_code} %{num_connects}\n", $"{pages.Url}/a?b=c", $"{pages.Url}/d");

        Assert.Equal("GET /a b=c\n200 1\nGET /d \n200 0\n", output);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task Curl_reads_what_is_compressed(string coding)
    {
        var body = string.Concat(Enumerable.Range(0, 2000).Select(i => $"line {i}\n"));
        using var pages = await ServedPages.StartAsync(_ => new(PageResponse.Text(200, body)));

        var output = await PeerProcess.RunAsync("curl", "-sS", "--max-time", "10", "--compressed", "-H", $"Accept-Encoding: {coding}", "-D", "/dev/stderr", $"{pages.Url}/");

        Assert.Contains($"content-encoding: {coding}", output);
        Assert.Contains("line 1999", output);
    }

    [Fact]
    public async Task Curl_s_head_has_the_length_and_no_body()
    {
        using var pages = await ServedPages.StartAsync(Echo);

        var output = await PeerProcess.RunAsync("curl", "-sS", "--max-time", "10", "-I", $"{pages.Url}/abc");

        Assert.Contains("content-length: 11", output);
        Assert.DoesNotContain("HEAD /abc", output);
    }

    [Fact]
    public async Task A_body_is_dropped_also_behind_expect_continue_and_in_chunks()
    {
        using var pages = await ServedPages.StartAsync(Echo);

        var length = await PeerProcess.RunAsync("curl", "-sS", "--max-time", "10", "-H", "Expect: 100-continue", "--data-binary", new string('x', 30_000), $"{pages.Url}/p");
        var chunked = await PeerProcess.RunAsync("curl", "-sS", "--max-time", "10", "-H", "Transfer-Encoding: chunked", "--data-binary", "abc", $"{pages.Url}/p", $"{pages.Url}/q");

        Assert.Equal("POST /p \n", length);
        Assert.Equal("POST /p \nPOST /q \n", chunked);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_and_the_client_reads_why()
    {
        using var pages = await ServedPages.StartAsync(Echo);

        var answer = await pages.ExchangeAsync($"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n{new string('x', 60_000)}", finish: true);

        Assert.StartsWith("HTTP/1.1 413 ", answer);
        Assert.EndsWith("The body is larger than 65536 bytes.\n", answer);
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        using var pages = await ServedPages.StartAsync(Echo);

        var answer = await pages.ExchangeAsync(
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        Assert.Equal(["GET /1 ", "POST /2 ", "GET /3 "], answer.Split('\n').Where(line => line.Contains(" /")).Select(line => line.TrimEnd('\r')));
        Assert.EndsWith("connection: close\r\n\r\nGET /3 \n", answer);
    }

    [Fact]
    public async Task A_bad_request_is_told_what_is_wrong_and_the_connection_closes()
    {
        using var pages = await ServedPages.StartAsync(Echo);

        var answer = await pages.ExchangeAsync("GET / HTTP/1.1\r\nHost : a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", answer);
        Assert.EndsWith("whitespace before a header's colon (RFC 9112 §5.1).\n", Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(answer)));
        Assert.DoesNotContain("smuggled", answer);
    }

    [Fact]
    public async Task A_page_that_throws_answers_500_and_the_server_goes_on()
    {
        using var pages = await ServedPages.StartAsync(request => request.Path == "/bad" ? throw new InvalidOperationException("oops") : Echo(request));

        var answer = await pages.ExchangeAsync("GET /bad HTTP/1.1\r\nHost: a\r\n\r\nGET /good HTTP/1.0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 500 ", answer);
        Assert.DoesNotContain("oops", answer);
        Assert.EndsWith("GET /good \n", answer);
    }

    [Fact]
    public async Task A_head_that_does_not_come_is_timed_out_with_408()
    {
        var time = new ManualTime();
        using var pages = await ServedPages.StartAsync(Echo, time: time);
        using var slow = await pages.ConnectAsync();
        await slow.SendAsync("GET / HT"u8.ToArray());
        using var other = await pages.ConnectAsync();
        await pages.AnsweredAsync(other); // so the server has read what the slow one sent before, too

        time.Advance(TimeSpan.FromSeconds(2));

        Assert.StartsWith("HTTP/1.1 408 ", await ServedPages.ReadToEndAsync(slow));
    }

    [Fact]
    public async Task An_idle_connection_is_closed_after_its_time_and_not_before()
    {
        var time = new ManualTime();
        using var pages = await ServedPages.StartAsync(Echo, time: time);
        using var idle = await pages.ConnectAsync();
        await pages.AnsweredAsync(idle);

        time.Advance(TimeSpan.FromSeconds(59));
        await pages.AnsweredAsync(idle);
        time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal("", await ServedPages.ReadToEndAsync(idle));
    }

    [Fact]
    public async Task Beyond_the_limit_the_connection_that_was_idle_longest_gives_way()
    {
        using var pages = await ServedPages.StartAsync(Echo, new PageServerOptions { MaxConnections = 2 });
        using var one = await pages.ConnectAsync();
        await pages.AnsweredAsync(one);
        using var two = await pages.ConnectAsync();
        await pages.AnsweredAsync(two);

        using var three = await pages.ConnectAsync();
        await pages.AnsweredAsync(three);

        Assert.Equal("", await ServedPages.ReadToEndAsync(one));
        await pages.AnsweredAsync(two);
        await pages.AnsweredAsync(three);
    }

    [Theory]
    [InlineData("GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /y HTTP/1.1\r\n", "GET /x \n")] // half a head behind it
    [InlineData("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n", "100 Continue\r\n\r\n")]
    [InlineData("GET /large HTTP/1.1\r\nHost: a\r\n\r\n", "content-length")] // and takes no more of it
    public async Task Beyond_the_limit_who_keeps_us_waiting_within_a_request_gives_way(string request, string heard)
    {
        var large = PageResponse.Text(200, new string('x', 16 << 20));
        using var pages = await ServedPages.StartAsync(
            asked => asked.Path == "/large" ? new(large) : Echo(asked), new PageServerOptions { MaxConnections = 2 }, new ManualTime());
        using var one = await pages.ConnectAsync();
        await pages.HearAsync(one, request, heard);
        using var two = await pages.ConnectAsync();
        await pages.HearAsync(two, request, heard);

        using var three = await pages.ConnectAsync();

        await pages.AnsweredAsync(three);
    }

    [Fact]
    public async Task Beyond_the_limit_nobody_whose_request_is_under_way_gives_way_and_the_next_is_answered_503()
    {
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        using var pages = await ServedPages.StartAsync(async request =>
        {
            entered.TrySetResult();
            await release.Task;
            return await Echo(request);
        }, new PageServerOptions { MaxConnections = 1 });
        using var one = await pages.ConnectAsync();
        var answered = pages.AnsweredAsync(one);
        await entered.Task;

        using var two = await pages.ConnectAsync();

        Assert.StartsWith("HTTP/1.1 503 ", await ServedPages.ReadToEndAsync(two));
        release.SetResult();
        await answered;
    }

    [Fact]
    public async Task Stopping_lets_a_request_under_way_finish_and_closes_idle_connections()
    {
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        using var pages = await ServedPages.StartAsync(async request =>
        {
            if (request.Path != "/slow") return await Echo(request);
            entered.SetResult();
            await release.Task;
            return PageResponse.Text(200, "done\n");
        });
        using var idle = await pages.ConnectAsync();
        await pages.AnsweredAsync(idle);
        var slow = pages.ExchangeAsync("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        await entered.Task;

        var stopping = pages.StopAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("", await ServedPages.ReadToEndAsync(idle));
        await Assert.ThrowsAsync<SocketException>(pages.ConnectAsync);
        release.SetResult();

        Assert.EndsWith("connection: close\r\n\r\ndone\n", await slow);
        Assert.Equal(0, await stopping);
    }

    [Fact]
    public async Task A_page_larger_than_the_socket_s_buffers_arrives_whole()
    {
        var body = new byte[8 << 20];
        new System.Random(1).NextBytes(body);
        using var pages = await ServedPages.StartAsync(_ => new(new PageResponse(200, PageResponse.PlainText, body)));
        using var client = new HttpClient();

        Assert.Equal(body, await client.GetByteArrayAsync(pages.Url));
    }

    [Fact]
    public async Task Any_bytes_leave_the_server_serving()
    {
        using var pages = await ServedPages.StartAsync(Echo);

        Prop.ForAll<byte[]>(bytes =>
        {
            var answer = pages.ExchangeAsync(Encoding.Latin1.GetString(bytes), finish: true).GetAwaiter().GetResult();
            return answer.Length == 0 || answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || answer == "(reset)";
        }).QuickCheckThrowOnFailure();

        Assert.EndsWith("GET /still \n", await pages.ExchangeAsync("GET /still HTTP/1.0\r\n\r\n"));
    }
}
