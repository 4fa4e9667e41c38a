using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using Ambient.Kubernetes.Configuration;

namespace Ambient.Kubernetes.Client;

/// <summary>One request to the API.</summary>
/// <param name="Target">Path and query.</param>
/// <param name="Body">Sent as <paramref name="ContentType"/>; may be sent again after a refusal that asks for it.</param>
internal readonly record struct ApiRequest(HttpMethod Method, string Target, ReadOnlyMemory<byte>? Body = null, string ContentType = "application/json")
{
    public override string ToString() => $"{Method} {Target.Split('?')[0]}";
}

/// <summary>Connections, credentials, limits and retries: what every request needs. Thread-safe.</summary>
internal sealed class ApiTransport : IDisposable
{
    private const int MaxAttempts = 5, MaxErrorBytes = 64 * 1024;
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(30);

    private readonly ApiConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly RequestLimiter _limiter;
    private readonly HttpClient _http;
    private readonly string _root;

    public ApiTransport(ApiConfiguration configuration, string userAgent, TimeProvider time)
    {
        (_configuration, _time) = (configuration, time);
        _limiter = new(configuration.RequestsPerSecond, configuration.Burst, time);
        _root = configuration.Server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        _http = new HttpClient(CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(userAgent);
        _http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
    }

    /// <returns>A successful answer whose body is still to be read; the caller disposes it.</returns>
    /// <exception cref="ApiException">Any other answer, or none.</exception>
    public async Task<HttpResponseMessage> SendAsync(ApiRequest request, CancellationToken stop)
    {
        var refreshed = false;
        for (var attempt = 1; ; attempt++)
        {
            await _limiter.WaitAsync(stop);
            var response = await SendOnceAsync(request, stop);
            if (response.IsSuccessStatusCode) return response;

            using (response)
            {
                var error = await ReadErrorAsync(request, response, stop);
                if (error.Code == HttpStatusCode.Unauthorized && !refreshed && _configuration.Token is { } token && token.Refresh())
                {
                    refreshed = true;
                    continue;
                }

                if (attempt >= MaxAttempts || RetryAfter(response) is not { } delay) throw error;
                await Task.Delay(delay, _time, stop);
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendOnceAsync(ApiRequest request, CancellationToken stop)
    {
        try
        {
            using var message = new HttpRequestMessage(request.Method, _root + request.Target)
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            };
            if (_configuration.Token is { } token) message.Headers.Authorization = new("Bearer", token.Read());
            if (request.Body is { } body)
                message.Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(request.ContentType) } };
            return await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, stop);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or ConfigurationException)
        {
            throw Unreachable(request, e);
        }
    }

    /// <summary>The error for a connection that failed or broke while <paramref name="request"/> was under way.</summary>
    public ApiException Unreachable(ApiRequest request, Exception cause) => new(0, ApiException.Unreachable,
        $"{request}: the API at {_configuration.Server} was not reached or broke off: {Innermost(cause).Message} " +
        "Does it run, does the network allow it, and is its certificate of the configured authority?", cause);

    private static async Task<ApiException> ReadErrorAsync(ApiRequest request, HttpResponseMessage response, CancellationToken stop)
    {
        var body = new byte[MaxErrorBytes];
        var length = 0;
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(stop);
            length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, stop);
        }
        catch (Exception e) when (e is HttpRequestException or IOException) { } // the status alone must do

        return ApiException.FromBody(response.StatusCode, request.ToString(), body.AsSpan(0, length));
    }

    // With Retry-After the server promises that it has not done what was asked.
    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)) return null;
        if (!response.Headers.TryGetValues("Retry-After", out var values)) return null;
        if (!int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return null;
        var delay = TimeSpan.FromSeconds(seconds);
        return delay < LongestRetryAfter ? delay : LongestRetryAfter;
    }

    private SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false, // a redirect would carry the token elsewhere
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.GZip,
        EnableMultipleHttp2Connections = true, // there may be more watches than a server allows streams
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        ConnectTimeout = TimeSpan.FromSeconds(30),
        ConnectCallback = ConnectAsync,
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, stop); // a socket with options of its own could not go on to the name's next address
            KeepAlive(socket);
            var stream = new NetworkStream(socket, ownsSocket: true);
            return _configuration.Server.Scheme == "https" ? await SecureAsync(stream, context.DnsEndPoint.Host, stop) : stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The handshake is ours because the name to ask for may differ from the host (tls-server-name).
    private async Task<Stream> SecureAsync(Stream stream, string host, CancellationToken stop)
    {
        var tls = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = _configuration.ServerName ?? host,
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                ClientCertificateContext = _configuration.Identity?.ForHandshake(),
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) => _configuration.Trust.Accepts(certificate, chain, errors),
            }, stop);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    // A watch may be silent for a minute; a peer that is gone must not look like one.
    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;
}
