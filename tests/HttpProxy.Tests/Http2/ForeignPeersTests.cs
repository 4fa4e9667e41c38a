using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.HttpProxy.Tests.Scenes;
using Ambient.HttpProxy.Upstreams;
using Ambient.TestKit;
using Ambient.TestKit.Peers;

namespace Ambient.HttpProxy.Tests.Http2;

/// <summary>Clients and servers with which our engine shares no line.</summary>
public sealed class ForeignPeersTests : IDisposable
{
    private const string Python = "/usr/bin/python3"; // where the package's modules are found

    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("proxy-peers");

    public void Dispose() => _files.Delete(recursive: true);

    [Theory]
    [InlineData("nginx", UpstreamProtocol.Http1)]
    [InlineData("nginx", UpstreamProtocol.Http2)]
    [InlineData("haproxy", UpstreamProtocol.Http1)]
    [InlineData("haproxy", UpstreamProtocol.Http2)]
    [InlineData("nghttpd", UpstreamProtocol.Http2)]
    public async Task Every_client_gets_what_every_server_has(string name, UpstreamProtocol protocol)
    {
        await using var scene = await ProxyScene.StartAsync();
        using var port = new ReservedPort();
        using var server = await StartServerAsync(name, protocol, port.Number);
        var route = ProxyScene.To(new(IPAddress.Loopback, port.Number), protocol: protocol);
        scene.Decide = _ => route;
        var url = $"http://{scene.Address}/page";

        Assert.Equal("the page\n200 1.1", (await PeerProcess.RunAsync("curl", "-sS", "-w", "%{http_code} %{http_version}", url)).TrimEnd());
        Assert.Equal("the page\n200 2", (await PeerProcess.RunAsync("curl", "-sS", "--http2-prior-knowledge", "-w", "%{http_code} %{http_version}", url)).TrimEnd());
        Assert.Equal("the page", (await PeerProcess.RunAsync("nghttp", url)).TrimEnd());
        Assert.Contains("2000 succeeded, 0 failed", await PeerProcess.RunAsync("h2load", "-n2000", "-c4", "-m20", url), StringComparison.Ordinal);
        Assert.Contains("500 succeeded, 0 failed", await PeerProcess.RunAsync("h2load", "--h1", "-n500", "-c4", url), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UpstreamProtocol.Http1)]
    [InlineData(UpstreamProtocol.Http2)]
    public async Task Curl_sends_megabytes_and_gets_them_back(UpstreamProtocol protocol)
    {
        await using var scene = await ProxyScene.StartAsync();
        await using var echo = await ProxyScene.StartAsync(); // another of our proxies is the server here; what is behind it echoes
        var route = ProxyScene.To(echo.Address, protocol: protocol);
        scene.Decide = _ => route;
        var file = Path.Combine(_files.FullName, "body");
        var body = new string([.. Enumerable.Range(0, 5_000_000).Select(i => (char)('a' + i * 7 % 26))]);
        await File.WriteAllTextAsync(file, body);
        var echoing = Task.Run(async () =>
        {
            var server = await echo.AcceptAsync();
            var head = await server.ReadHeadAsync();
            var sent = await server.ReadAsync(body.Length);
            await server.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{sent}");
            return head;
        });

        var answer = Path.Combine(_files.FullName, "answer");
        await PeerProcess.RunAsync("curl", "-sS", "--http2-prior-knowledge", "--data-binary", "@" + file, "-o", answer, $"http://{scene.Address}/");

        Assert.Contains($"content-length: {body.Length}\r\n", await echoing);
        Assert.True(body == await File.ReadAllTextAsync(answer), "the answer is another one");
    }

    [Fact]
    public async Task Haproxy_speaks_http_2_with_us()
    {
        await using var scene = await ProxyScene.StartAsync(protocol: UpstreamProtocol.Http2);
        using var port = new ReservedPort();
        using var haproxy = await StartAsync("haproxy", port.Number, "-db", "-f", await WriteAsync("front.cfg", $"""
            defaults
              mode http
              timeout client 20s
              timeout server 20s
              timeout connect 5s
            listen front
              bind 127.0.0.1:{port.Number}
              server proxy {scene.Address} proto h2

            """));
        var serving = Task.Run(async () =>
        {
            var stream = await (await scene.AcceptHttp2Async()).AcceptAsync();
            stream.SendHead(false, ":status", "200");
            await stream.SendAsync("through two proxies", endStream: true);
        });

        Assert.Equal("through two proxies", (await PeerProcess.RunAsync("curl", "-sS", $"http://127.0.0.1:{port.Number}/")).TrimEnd());
        await serving;
    }

    [Fact]
    public async Task Grpc_works_through_the_proxy()
    {
        await using var scene = await ProxyScene.StartAsync();
        using var server = PeerProcess.Start(Python, "-u", "-c", GrpcScripts.Server);
        await server.WaitForOutputAsync("port");
        var port = int.Parse(server.Output.Split(' ', '\n')[1], CultureInfo.InvariantCulture);
        var route = ProxyScene.To(new(IPAddress.Loopback, port), protocol: UpstreamProtocol.SameAsClient);
        scene.Decide = request => request.Path.SequenceEqual("/test.Speech/Missing"u8) ? Routing.RouteDecision.Refuse(404, "No such route.") : route;

        var output = await PeerProcess.RunAsync(Python, "-c", GrpcScripts.Client, scene.Address.ToString());

        Assert.Equal(["hellovalue", "1000000", "DATA_LOSS \u00fcber alles trailed", "DEADLINE_EXCEEDED", "UNIMPLEMENTED No such route.", "1,22,321", "tsrif", "cancelled CANCELLED"],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private async Task<PeerProcess> StartServerAsync(string name, UpstreamProtocol protocol, int port)
    {
        var http2 = protocol == UpstreamProtocol.Http2;
        await File.WriteAllTextAsync(Path.Combine(_files.FullName, "page"), "the page\n");
        return name switch
        {
            "nginx" => await StartAsync("nginx", port, "-c", await WriteAsync("nginx.conf", $$"""
                daemon off; worker_processes 1; user root; pid {{_files.FullName}}/pid; error_log stderr;
                events { }
                http { access_log off; server { listen 127.0.0.1:{{port}} {{(http2 ? "http2" : "")}}; location / { return 200 "the page\n"; } } }

                """)),
            "haproxy" => await StartAsync("haproxy", port, "-db", "-f", await WriteAsync("haproxy.cfg", $"""
                defaults
                  mode http
                  timeout client 20s
                frontend pages
                  bind 127.0.0.1:{port} {(http2 ? "proto h2" : "")}
                  http-request return status 200 content-type text/plain file {_files.FullName}/page

                """)),
            _ => await StartAsync("nghttpd", port, "--no-tls", "-a", "127.0.0.1", "-d", _files.FullName, $"{port}"),
        };
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(_files.FullName, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    /// <summary>Once it listens on <paramref name="port"/>.</summary>
    private static async Task<PeerProcess> StartAsync(string program, int port, params string[] arguments)
    {
        var process = PeerProcess.Start(program, arguments);
        for (var began = TimeProvider.System.GetTimestamp(); ;)
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return process;
            }
            catch (SocketException) when (TimeProvider.System.GetElapsedTime(began) < Wire.Limit)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
            catch (SocketException)
            {
                using (process) throw new InvalidOperationException($"{program} does not listen:\n{process.Output}");
            }
        }
    }
}
