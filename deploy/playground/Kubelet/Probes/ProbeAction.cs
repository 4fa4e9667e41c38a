using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.Lab.Processes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Kubelet.Probes;

/// <summary>One look at a container: an HTTP request, a TCP connection, a gRPC health check, or a command.</summary>
internal static class ProbeAction
{
    private const string GrpcMethod = "/grpc.health.v1.Health/Check";
    private const int Serving = 1; // grpc.health.v1.HealthCheckResponse.ServingStatus

    public static async Task<ProbeResult> AskAsync(JsonObject probe, ProbeTarget target, TimeSpan limit, CancellationToken stop)
    {
        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(stop);
        expiry.CancelAfter(limit);
        try
        {
            if (probe.ObjectAt("httpGet") is { } http) return await GetAsync(http, target, expiry.Token);
            if (probe.ObjectAt("tcpSocket") is { } tcp) return await ConnectAsync(tcp, target, expiry.Token);
            if (probe.ObjectAt("grpc") is { } grpc) return await CheckAsync(grpc, target, expiry.Token);
            if (probe.ObjectAt("exec") is { } exec) return await RunAsync(exec, target, limit);
            return ProbeResult.Failure("the probe has no httpGet, tcpSocket, grpc or exec");
        }
        catch (Exception refusal) when (refusal is SocketException or HttpRequestException or FormatException or IOException)
        {
            return ProbeResult.Failure(refusal.InnerException is SocketException { } inner ? inner.Message : refusal.Message);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return ProbeResult.Failure($"no answer within {limit.TotalSeconds:0.#} s");
        }
    }

    private static async Task<ProbeResult> ConnectAsync(JsonObject action, ProbeTarget target, CancellationToken stop)
    {
        using var socket = await target.Sockets.ConnectAsync(target.EndPoint(action), stop);
        return ProbeResult.Success;
    }

    private static async Task<ProbeResult> GetAsync(JsonObject action, ProbeTarget target, CancellationToken stop)
    {
        using var client = Client(target);
        var scheme = action.Text("scheme")?.ToLowerInvariant() ?? "http";
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{scheme}://{target.EndPoint(action)}{action.Text("path") ?? "/"}");
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.32");
        foreach (var header in action.ObjectsAt("httpHeaders")) request.Headers.TryAddWithoutValidation(header.Text("name")!, header.Text("value"));
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        var code = (int)response.StatusCode;
        return code is >= 200 and < 400 ? ProbeResult.Success : ProbeResult.Failure($"HTTP probe failed with statuscode: {code}");
    }

    private static async Task<ProbeResult> CheckAsync(JsonObject action, ProbeTarget target, CancellationToken stop)
    {
        using var client = Client(target);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{target.EndPoint(action)}{GrpcMethod}")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(HealthRequest(action.Text("service") ?? "")),
        };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TE.ParseAdd("trailers");
        using var response = await client.SendAsync(request, stop);
        var body = await response.Content.ReadAsByteArrayAsync(stop);
        var status = Header(response.TrailingHeaders, "grpc-status") ?? Header(response.Headers, "grpc-status") ?? "none";
        if (status != "0") return ProbeResult.Failure($"gRPC probe failed with status {status}: {Header(response.TrailingHeaders, "grpc-message") ?? ""}");
        // A frame of five bytes, then field 1 as a varint: its enumeration fits one byte.
        return body is [0, _, _, _, _, 0x08, Serving, ..] ? ProbeResult.Success : ProbeResult.Failure("service unhealthy: it does not answer SERVING");
    }

    private static async Task<ProbeResult> RunAsync(JsonObject action, ProbeTarget target, TimeSpan limit)
    {
        var ended = await Command.RunAsync(new("ip", ["netns", "exec", target.Namespace, .. action.TextsAt("command")]), input: null, limit);
        return ended.Succeeded ? ProbeResult.Success : ProbeResult.Failure($"exit code {ended.ExitCode}: {ended.Errors.Trim()} {ended.Output.Trim()}".Trim());
    }

    // Each probe is a connection of its own, and certificates are not looked at: as kubelets do it.
    private static HttpClient Client(ProbeTarget target) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.Zero, UseProxy = false,
        SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        ConnectCallback = async (context, stop) => new NetworkStream(
            await target.Sockets.ConnectAsync(new(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port), stop), ownsSocket: true),
    });

    private static byte[] HealthRequest(string service)
    {
        var name = Encoding.UTF8.GetBytes(service);
        if (name.Length > 127) throw new FormatException($"the gRPC service has {name.Length} bytes; at most 127 are sent");
        byte[] message = name.Length == 0 ? [] : [0x0a, (byte)name.Length, .. name];
        var framed = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed.AsSpan(5));
        return framed;
    }

    private static string? Header(System.Net.Http.Headers.HttpHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.First() : null;
}
