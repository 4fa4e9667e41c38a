using Ambient.TestKit;
using Ambient.TestKit.Peers;
using Xunit;

namespace Ambient.Http2.Tests.Peers;

/// <summary>Our client role against nghttpd.</summary>
public class ForeignServerTests
{
    [Theory]
    [InlineData("")]
    [InlineData("--max-concurrent-streams=5")]
    [InlineData("--header-table-size=0")]
    [InlineData("--padding=100")]
    [InlineData("--window-bits=14 --connection-window-bits=16")]
    [InlineData("--trailer=check:sum")]
    public async Task Many_streams_read_every_byte(string options)
    {
        using var files = new Files(("small", 10), ("large", 300_000));
        using var server = await StartAsync(files, options);
        var requests = Enumerable.Range(0, 200).Select(i => ("GET", i % 5 == 0 ? "/large" : "/small", 0));

        var client = await TestClient.RunAsync(server.Port, new Http2Options { StreamWindow = 100_000, ConnectionWindow = 200_000 }, requests);

        Assert.Null(client.Connection.Error);
        Assert.Empty(client.Resets);
        Assert.Equal(200, client.Answers.Count(answer => answer is { Status: 200, Ended: true }));
        Assert.Equal(40 * 300_000 + 160 * 10, client.Answers.Sum(answer => answer.Received.WrittenCount));
        if (options.StartsWith("--trailer")) Assert.All(client.Answers, answer => Assert.Equal("check=sum", answer.Trailers));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--window-bits=14 --connection-window-bits=16")]
    public async Task Uploads_come_back_whole(string options)
    {
        using var files = new Files();
        using var server = await StartAsync(files, $"--echo-upload {options}");

        var client = await TestClient.RunAsync(server.Port, new Http2Options(), Enumerable.Repeat(("POST", "/", 400_000), 20));

        Assert.Null(client.Connection.Error);
        Assert.Empty(client.Resets);
        Assert.All(client.Answers, answer => Assert.Equal((200, 400_000), (answer.Status, answer.Received.WrittenCount)));
    }

    [Fact]
    public async Task HEAD_and_missing_files_end_well()
    {
        using var files = new Files(("small", 10));
        using var server = await StartAsync(files, "");

        var client = await TestClient.RunAsync(server.Port, new Http2Options(), [("HEAD", "/small", 0), ("GET", "/none", 0), ("GET", "/small", 0)]);

        Assert.Null(client.Connection.Error);
        Assert.Empty(client.Resets);
        Assert.Equal([200, 200, 404], client.Answers.Select(answer => answer.Status).Order());
    }

    private static async Task<Running> StartAsync(Files files, string options)
    {
        var port = new ReservedPort();
        var process = PeerProcess.Start("nghttpd", ["-v", "--no-tls", "-a", "127.0.0.1", "-d", files.Folder,
            .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), $"{port.Number}"]);
        await process.WaitForOutputAsync("listen");
        return new(process, port);
    }

    private sealed record Running(PeerProcess Process, ReservedPort Reserved) : IDisposable
    {
        public int Port => Reserved.Number;

        public void Dispose()
        {
            Process.Dispose();
            Reserved.Dispose();
        }
    }

    private sealed class Files : IDisposable
    {
        public Files(params (string Name, int Bytes)[] files)
        {
            foreach (var (name, bytes) in files) File.WriteAllBytes(Path.Combine(Folder, name), new byte[bytes]);
        }

        public string Folder { get; } = Directory.CreateTempSubdirectory("http2-").FullName;

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
