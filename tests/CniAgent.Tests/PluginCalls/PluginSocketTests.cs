using System.Net.Sockets;
using Ambient.CniAgent.PluginCalls;
using Ambient.CniAgent.Tests.Cluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.PluginCalls;

public sealed class PluginSocketTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plugin");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task An_agent_that_leaves_late_leaves_its_successor_the_socket()
    {
        var path = Path.Combine(_directory.FullName, "pluginevent.sock");
        using var leave = new CancellationTokenSource();
        using var end = new CancellationTokenSource();
        var leaving = Socket(path, "the leaving one").RunAsync(leave.Token);
        Assert.Contains("the leaving one", await AskAsync(path));
        var successor = Socket(path, "its successor").RunAsync(end.Token);
        await NodeScene.UntilAsync(async () => (await AskAsync(path)).Contains("its successor", StringComparison.Ordinal));

        await leave.CancelAsync();
        await leaving.WaitAsync(PodLab.Patience);

        Assert.Contains("its successor", await AskAsync(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        await end.CancelAsync();
        await successor.WaitAsync(PodLab.Patience);
    }

    private static PluginSocket Socket(string path, string name) =>
        new(path, (_, _) => Task.FromResult(PluginAnswer.Refused(name)), TimeProvider.System, NullLogger<PluginSocket>.Instance);

    private static async Task<string> AskAsync(string path)
    {
        await NodeScene.UntilListeningAsync(path);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        await socket.SendAsync("GET /status HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(PodLab.Patience);
    }
}
