using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ambient.Http2;
using Ambient.Lab.Network;
using Ambient.EndToEnd.Tests.Sockets;

namespace Ambient.EndToEnd.Tests.Peers;

/// <summary>A tunnel client that is not our ztunnel: the framework's TLS, one CONNECT request.</summary>
internal sealed class HboneClient : IHttp2Handler, IHttp2Output, IDisposable
{
    private readonly SslStream _tls;
    private readonly Http2Connection _http2;
    private readonly ArrayBufferWriter<byte> _toSend = new();
    private readonly MemoryStream _received = new();
    private long _sent;
    private int _status;
    private bool _ended;

    private HboneClient(SslStream tls)
    {
        _tls = tls;
        _http2 = new(Http2Role.Client, new Http2Options(), this, this, TimeProvider.System);
    }

    /// <exception cref="AuthenticationException">The handshake failed.</exception>
    /// <exception cref="IOException">The peer closed the connection during or right after the handshake.</exception>
    public static async Task<HboneClient> ConnectAsync(LabPod from, System.Net.IPEndPoint to, X509Certificate2 identity)
    {
        var socket = await from.ConnectAsync(to);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                ClientCertificates = [identity],
                EnabledSslProtocols = SslProtocols.Tls13,
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                RemoteCertificateValidationCallback = (_, _, _, _) => true, // what the server checks is what is tested
            }).WaitAsync(PodSockets.Limit);
            return new(tls);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends CONNECT and waits for the answer.</summary>
    /// <returns>The status; 0 if the stream was reset or the connection closed instead.</returns>
    public async Task<int> RequestAsync(string authority, string method = "CONNECT")
    {
        _http2.Start();
        var headers = new HeaderList();
        headers.Add(":method"u8, method);
        if (method != "CONNECT")
        {
            headers.Add(":scheme"u8, "http");
            headers.Add(":path"u8, "/");
        }
        headers.Add(":authority"u8, authority);
        var stream = _http2.TryOpen(headers, endStream: false) ?? throw new InvalidOperationException("The first stream cannot be opened.");
        await FlushAsync();
        await ReadUntilAsync(() => _status != 0 || _ended);
        Stream = stream;
        return _status;
    }

    public async Task<string> AskAsync(string text)
    {
        _http2.SendData(Stream!, System.Text.Encoding.UTF8.GetBytes(text), endStream: false);
        await FlushAsync();
        await ReadUntilAsync(() => _ended || _received.Length >= text.Length);
        return System.Text.Encoding.UTF8.GetString(_received.ToArray());
    }

    private Http2Stream? Stream { get; set; }

    public void Dispose() => _tls.Dispose();

    long IHttp2Output.SentBytes => _sent;

    void IHttp2Output.Write(ReadOnlySpan<byte> frameBytes) => _toSend.Write(frameBytes);

    void IHttp2Handler.OnHeaders(Http2Stream stream, HeaderList headers, bool endStream) => (_status, _ended) = (headers.Status, endStream);

    void IHttp2Handler.OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream)
    {
        _received.Write(chunk.Span);
        _http2.Credit(stream, chunk.Length);
        _ended |= endStream;
    }

    void IHttp2Handler.OnReset(Http2Stream stream, Http2ErrorCode code) => _ended = true;

    void IHttp2Handler.OnSendable(Http2Stream stream) { }

    void IHttp2Handler.OnGoAway(uint lastStreamId, Http2ErrorCode code) { }

    void IHttp2Handler.OnPingAck(ulong opaque) { }

    void IHttp2Handler.OnPeerSettings() { }

    void IHttp2Handler.OnStreamClosed(Http2Stream stream) => _ended = true;

    private async Task ReadUntilAsync(Func<bool> condition)
    {
        var buffer = new byte[32 << 10];
        using var expiry = new CancellationTokenSource(PodSockets.Limit);
        while (!condition())
        {
            var read = await ReadAsync(buffer, expiry.Token);
            if (read == 0 || !_http2.Receive(buffer.AsMemory(0, read))) _ended = true;
            await FlushAsync();
        }
    }

    private async Task<int> ReadAsync(byte[] buffer, CancellationToken stop)
    {
        try { return await _tls.ReadAsync(buffer, stop); }
        catch (IOException) { return 0; }
    }

    private async Task FlushAsync()
    {
        var bytes = _toSend.WrittenMemory.ToArray();
        _toSend.ResetWrittenCount();
        _sent += bytes.Length;
        try { await _tls.WriteAsync(bytes); }
        catch (IOException) { _ended = true; }
    }
}
