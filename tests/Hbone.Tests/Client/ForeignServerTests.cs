using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ambient.Certificates.Store;
using Ambient.Hbone.Client;
using Ambient.Hbone.Tunnels;
using Ambient.TestKit;
using Ambient.TestKit.Peers;

namespace Ambient.Hbone.Tests.Client;

/// <summary>The far end of the tunnel is nghttpx, which takes CONNECT for a program that echoes.</summary>
public sealed class ForeignServerTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ambient-nghttpx-");
    private readonly TcpListener _echo = new(IPAddress.Loopback, 0);

    public ForeignServerTests()
    {
        _echo.Start();
        _ = AcceptAsync();
    }

    public void Dispose()
    {
        _echo.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact(Timeout = 60_000)]
    public async Task Busy_streams_go_on_after_a_foreign_servers_GOAWAY_and_new_ones_go_elsewhere()
    {
        var leaving = new List<IPEndPoint>();
        await using var lab = await TunnelLab.StartAsync(lab => lab.PeerLeaving = leaving.Add);
        using var port = new ReservedPort();
        using var server = await StartAsync(lab, port.Number);
        var key = lab.Key with { Destination = new(IPAddress.Loopback, port.Number) };
        var streams = new List<HboneStream>();
        for (var i = 0; i < 4; i++) streams.Add((await ConnectAsync(lab, key)).Stream!);

        await lab.ClientLoop.RunAsync(async () => await Task.WhenAll(streams.Select(async (stream, number) =>
        {
            await EchoAsync(stream, number, rounds: 5);
            if (number == 0) Process.Start("kill", ["-QUIT", $"{server.Id}"]).Dispose(); // it drains
            while (stream.Tunnel.CanConnect) await EchoAsync(stream, number, rounds: 1);
            await EchoAsync(stream, number, rounds: 20);
            stream.Dispose();
        })));

        Assert.Equal([key.Destination], leaving);
        Assert.Equal(0, await server.WaitForExitAsync());
        Assert.Single(streams.Select(static stream => stream.Tunnel).Distinct());
    }

    /// <summary>Returns once it takes tunnels.</summary>
    private async Task<PeerProcess> StartAsync(TunnelLab lab, int port)
    {
        var certificate = await lab.Certificates.GetAsync(TunnelLab.ServerId, FetchPriority.RealTime, CancellationToken.None);
        var server = PeerProcess.Start("nghttpx", "--conf=/dev/null", "--http2-proxy", "--workers=1", "--errorlog-file=/dev/stderr", "--log-level=NOTICE",
            $"--frontend=127.0.0.1,{port}", $"--backend=127.0.0.1,{((IPEndPoint)_echo.LocalEndpoint).Port}",
            "--verify-client", $"--verify-client-cacert={Write("roots.pem", certificate.TrustRootsPem)}",
            Write("key.pem", certificate.PrivateKeyPem), Write("chain.pem", certificate.ChainPem));
        await server.WaitForOutputAsync($"Listening on 127.0.0.1:{port}");
        return server;
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static async Task<ConnectResult> ConnectAsync(TunnelLab lab, TunnelKey key)
    {
        var result = await lab.ConnectAsync(key, new("10.0.0.1:80"));
        Assert.True(result.Stream is not null, result.Failure?.Message);
        return result;
    }

    private static async ValueTask EchoAsync(HboneStream stream, int number, int rounds)
    {
        var bytes = Enumerable.Repeat((byte)number, 50_000 + number).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            var writing = stream.WriteAsync(bytes);
            var back = await stream.ReadAsync(bytes.Length);
            await writing;
            Assert.True(back.AsSpan().SequenceEqual(bytes));
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = EchoAsync(await _echo.AcceptTcpClientAsync());
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    /// <summary>CONNECT as nghttpx asks for it in HTTP/1.1, then whatever comes.</summary>
    private static async Task EchoAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            var head = "";
            var buffer = new byte[64 << 10];
            try
            {
                while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal)) head += (char)await ReadByteAsync(stream);
                await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
                while (await stream.ReadAsync(buffer) is var read and > 0) await stream.WriteAsync(buffer.AsMemory(0, read));
            }
            catch (IOException)
            {
                // It was cut.
            }
        }
    }

    private static async ValueTask<byte> ReadByteAsync(NetworkStream stream)
    {
        var one = new byte[1];
        await stream.ReadExactlyAsync(one);
        return one[0];
    }
}
