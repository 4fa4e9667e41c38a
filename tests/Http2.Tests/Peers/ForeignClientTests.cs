using System.Text.RegularExpressions;
using Ambient.TestKit.Peers;
using Xunit;

namespace Ambient.Http2.Tests.Peers;

/// <summary>Our server role against programs that others wrote.</summary>
public class ForeignClientTests
{
    [Theory]
    [InlineData("")]
    [InlineData("--continuation")]
    [InlineData("--padding=200")]
    [InlineData("--header-table-size=0")]
    [InlineData("--window-bits=14 --connection-window-bits=15")]
    [InlineData("--window-bits=30 --connection-window-bits=30")]
    [InlineData("--max-concurrent-streams=1")]
    [InlineData("--no-dep")]
    public async Task Nghttp_reads_what_it_asked_for(string options)
    {
        await using var server = new TestServer();

        var output = await PeerProcess.RunAsync("nghttp", [.. Split(options), "-nv", "-m", "3", $"{server.Url}/bytes/300000"]);

        Assert.Equal(3, Regex.Count(output, "recv HEADERS frame"));
        Assert.DoesNotContain("RST_STREAM frame", output);
        Assert.Equal(3 * 300_000, Regex.Matches(output, @"recv DATA frame <length=(\d+)").Sum(match => int.Parse(match.Groups[1].Value)));
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--continuation")]
    [InlineData("--padding=100")]
    public async Task Nghttp_sends_content_and_trailers(string options)
    {
        await using var server = new TestServer(new Http2Options { StreamWindow = 70_000, ConnectionWindow = 80_000 });
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, new byte[500_000]);

        var output = await PeerProcess.RunAsync("nghttp", [.. Split(options), "-nv", "--trailer", "check: sum", "-d", file, $"{server.Url}/"]);
        File.Delete(file);

        Assert.Contains("content-length: 500000", output);
        Assert.Contains("seen-trailers: check=sum", output);
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2_000_000)]
    public async Task Curl_reads_every_byte(int bytes)
    {
        await using var server = new TestServer();

        var output = await PeerProcess.RunAsync("curl", "-sS", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_version} %{http_code} %{size_download}",
            $"{server.Url}/bytes/{bytes}");

        Assert.Contains($"2 200 {bytes}", output);
        Assert.Empty(server.Errors);
    }

    // One request for each process: curl 7.88 fails to use a connection of prior knowledge twice, with any server.
    [Fact]
    public async Task Curl_sends_and_reads()
    {
        await using var server = new TestServer();

        var output = await PeerProcess.RunAsync("curl", "-sS", "--http2-prior-knowledge", "-d", new string('a', 100_000), "-w", " %{http_code}", server.Url);

        Assert.EndsWith(" 200", output.TrimEnd());
        Assert.Equal(100_000, output.Count(c => c == 'x'));
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData(8, 1, 2000, 100)]
    [InlineData(8, 150, 20000, 1000)]
    [InlineData(2, 200, 400, 200_000)]
    [InlineData(100, 10, 5000, 10)]
    public async Task H2load_has_every_request_answered(int connections, int streams, int requests, int bytes)
    {
        await using var server = new TestServer();

        var output = await PeerProcess.RunAsync("h2load", "-c", $"{connections}", "-m", $"{streams}", "-n", $"{requests}", $"{server.Url}/bytes/{bytes}");

        Assert.Contains($"{requests} succeeded, 0 failed, 0 errored, 0 timeout", output);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task H2load_uploads_through_small_windows()
    {
        await using var server = new TestServer(new Http2Options { StreamWindow = 20_000, ConnectionWindow = 65_535, ConnectionCredit = ConnectionCredit.OnConsumption });
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, new byte[100_000]);

        var output = await PeerProcess.RunAsync("h2load", "-c", "4", "-m", "20", "-n", "400", "-w", "14", "-W", "16", "-d", file, $"{server.Url}/");
        File.Delete(file);

        Assert.Contains("400 succeeded, 0 failed, 0 errored, 0 timeout", output);
        Assert.Empty(server.Errors);
    }

    [Fact]
    public async Task A_client_of_http_1_is_told_apart()
    {
        var server = new TestServer();
        await using (server)
        {
            // Our first frame is no answer of HTTP/1.1; taken for one of HTTP/0.9, it does not make curl leave before its request is read.
            using var curl = PeerProcess.Start("curl", "-sS", "--http1.1", "--http0.9", "-o", "/dev/null", "-m", "10", server.Url);
            await curl.WaitForExitAsync();
        }

        Assert.Contains("HTTP/1.1", Assert.Single(server.Errors).Message);
    }

    private static string[] Split(string options) => options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
