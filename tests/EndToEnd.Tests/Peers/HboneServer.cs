using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Http2;
using Ambient.Lab.Network;

namespace Ambient.EndToEnd.Tests.Peers;

/// <summary>
/// The far end of a tunnel that is not our ztunnel: the framework's TLS; says 200 to every CONNECT and sends its bytes back.
/// Stands in for a waypoint as far as the tunnel goes.
/// </summary>
internal sealed class HboneServer : IAsyncDisposable
{
    private readonly PodServer _server;
    private readonly X509Certificate2 _identity;

    private HboneServer(LabPod pod, int port, X509Certificate2 identity)
    {
        _identity = identity;
        _server = PodServer.Start(pod, port, ServeAsync);
    }

    /// <summary>Every request's headers, by lower-case name.</summary>
    public ConcurrentQueue<IReadOnlyDictionary<string, string>> Requests { get; } = [];

    /// <summary>The URI names in the client certificates seen.</summary>
    public ConcurrentQueue<string> Clients { get; } = [];

    public static HboneServer Start(LabPod pod, int port, X509Certificate2 identity) => new(pod, port, identity);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(Socket socket)
    {
        await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = _identity,
                ClientCertificateRequired = true,
                EnabledSslProtocols = SslProtocols.Tls13,
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
            });
            Clients.Enqueue(TestIdentities.UriOf((X509Certificate2)tls.RemoteCertificate!));
            await new Session(this, tls).RunAsync();
        }
        catch (Exception ending) when (ending is IOException or AuthenticationException)
        {
            // The client went away.
        }
    }

    private sealed class Session : IHttp2Handler, IHttp2Output
    {
        private readonly HboneServer _owner;
        private readonly SslStream _tls;
        private readonly Http2Connection _http2;
        private readonly ArrayBufferWriter<byte> _toSend = new();

        public Session(HboneServer owner, SslStream tls)
        {
            (_owner, _tls) = (owner, tls);
            _http2 = new(Http2Role.Server, new Http2Options(), this, this, TimeProvider.System);
        }

        public async Task RunAsync()
        {
            var buffer = new byte[64 << 10];
            _http2.Start();
            do await FlushAsync();
            while (await _tls.ReadAsync(buffer) is var read and > 0 && _http2.Receive(buffer.AsMemory(0, read)));
            await FlushAsync();
        }

        public long SentBytes { get; private set; }

        public void Write(ReadOnlySpan<byte> frameBytes) => _toSend.Write(frameBytes);

        public void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream)
        {
            var request = new Dictionary<string, string>();
            for (var i = 0; i < headers.Count; i++) request[Encoding.ASCII.GetString(headers[i].Name)] = Encoding.ASCII.GetString(headers[i].Value);
            _owner.Requests.Enqueue(request);
            var answer = new HeaderList();
            answer.Add(":status"u8, "200");
            _http2.SendHeaders(stream, answer, endStream: false);
        }

        // Texts of tests are short: they always fit into the window.
        public void OnData(Http2Stream stream, ReadOnlyMemory<byte> chunk, bool endStream)
        {
            _http2.SendData(stream, chunk.Span, endStream);
            if (!endStream) _http2.Credit(stream, chunk.Length);
        }

        public void OnReset(Http2Stream stream, Http2ErrorCode code) { }

        public void OnSendable(Http2Stream stream) { }

        public void OnGoAway(uint lastStreamId, Http2ErrorCode code) { }

        public void OnPingAck(ulong opaque) { }

        public void OnPeerSettings() { }

        public void OnStreamClosed(Http2Stream stream) { }

        private async Task FlushAsync()
        {
            var bytes = _toSend.WrittenMemory.ToArray();
            _toSend.ResetWrittenCount();
            SentBytes += bytes.Length;
            await _tls.WriteAsync(bytes);
        }
    }
}
