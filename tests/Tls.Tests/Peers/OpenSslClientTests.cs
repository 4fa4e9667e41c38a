using System.Net;
using System.Net.Sockets;
using Ambient.TestKit.Peers;
using Ambient.Tls.Tests.Scenes;

namespace Ambient.Tls.Tests.Peers;

/// <summary>We are the server; the client is <c>openssl s_client</c>.</summary>
public sealed class OpenSslClientTests : IDisposable
{
    private readonly Mesh _mesh = new(configure: options => options.Time = TimeProvider.System);
    private readonly Socket _listener = TlsWire.Listen();
    private readonly PeerFiles _files;

    public OpenSslClientTests() => _files = new(_mesh.Intermediate.Issue(Mesh.ClientUri), _mesh.Root.RootPem);

    private string[] Credentials => ["-cert", _files.Leaf, "-cert_chain", _files.Chain, "-key", _files.Key];

    [Fact]
    public async Task Data_and_key_updates_go_both_ways()
    {
        using var client = Start([.. Credentials, "-alpn", "h2", "-verify_return_error"]);
        using var wire = await AcceptAsync();
        Assert.Equal(Mesh.ClientUri, wire.Peer.Id?.ToString());

        foreach (var command in " kKKk")
        {
            if (command != ' ') await client.CommandAsync(command);
            await client.TypeAsync($"to the server after {command}\n");
            wire.ReceiveUntil($"to the server after {command}\n");
            wire.Send($"to the client {wire.ControlRecords}\n");
            await client.WaitForOutputAsync($"to the client {wire.ControlRecords}");
        }

        Assert.Equal(4, wire.ControlRecords);
        await client.TypeAsync("Q\n");
        Assert.Equal("", wire.Receive());
        wire.Close();
        Assert.Equal(0, await client.WaitForExitAsync());
        Assert.Contains("ALPN protocol: h2", client.Output);
        Assert.Contains("Cipher is TLS_AES_256_GCM_SHA384", client.Output);
        Assert.DoesNotContain("BEGIN SSL SESSION", client.Output); // no tickets
    }

    [Theory]
    [InlineData("-ciphersuites TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256")]
    [InlineData("-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384")] // our order counts
    [InlineData("-groups P-384", "TLS_AES_256_GCM_SHA384")]
    [InlineData("-groups X448:P-256", "TLS_AES_256_GCM_SHA384")] // needs a HelloRetryRequest
    public async Task Other_parameters_that_we_share_are_agreed_on(string arguments, string suite)
    {
        using var client = Start([.. Credentials, .. arguments.Split(' ')]); // and no ALPN, which is accepted
        using var wire = await AcceptAsync();

        Assert.Equal(suite, wire.Session.CipherSuiteName);
        wire.Send("hello over " + suite + "\n");
        await client.WaitForOutputAsync("hello over " + suite);
    }

    [Theory]
    [InlineData("-tls1_2", TlsFailureReason.NoCommonParameters, "protocol version")]
    [InlineData("-alpn http/1.1", TlsFailureReason.NoApplicationProtocol, "no application protocol")]
    [InlineData("-ciphersuites TLS_CHACHA20_POLY1305_SHA256", TlsFailureReason.NoCommonParameters, "handshake failure")]
    [InlineData("-groups P-521", TlsFailureReason.NoCommonParameters, "handshake failure")]
    [InlineData("-maxfraglen 512", TlsFailureReason.NoCommonParameters, null)]
    public async Task Parameters_that_we_do_not_share_are_refused(string arguments, TlsFailureReason reason, string? alert)
    {
        using var client = Start([.. Credentials, .. arguments.Split(' ')]);

        var failure = await AcceptFailureAsync();

        Assert.Equal(reason, failure.Reason);
        if (alert is not null) await client.WaitForOutputAsync("alert " + alert);
    }

    [Fact]
    public async Task A_client_without_certificate_is_refused()
    {
        using var client = Start(["-alpn", "h2"]);

        var failure = await AcceptFailureAsync();

        Assert.Equal(TlsFailureReason.CertificateRequired, failure.Reason);
        await client.WaitForOutputAsync("alert certificate required");
    }

    [Fact]
    public async Task A_client_that_does_not_trust_us_says_so()
    {
        using var stranger = new PeerFiles(_mesh.Intermediate.Issue(Mesh.ClientUri), Authority.Root("stranger").RootPem);
        using var client = PeerProcess.Start("openssl", ["s_client", "-connect", Address, "-tls1_3", "-verify_return_error",
            "-CAfile", stranger.Root, "-cert", stranger.Leaf, "-cert_chain", stranger.Chain, "-key", stranger.Key]);

        var failure = await AcceptFailureAsync();

        Assert.Equal((TlsFailureReason.PeerAlert, TlsAlert.UnknownCa), (failure.Reason, failure.Alert));
        Assert.Contains("trust", failure.Message);
    }

    [Theory]
    [InlineData("spiffe://other.domain/ns/a/sa/b"), InlineData(null)]
    public async Task Without_an_identity_of_its_own_a_server_does_not_ask_for_a_trust_domain(string? uri)
    {
        using var files = new PeerFiles(_mesh.Intermediate.Issue(uri), _mesh.Root.RootPem);
        using var client = Start(["-cert", files.Leaf, "-cert_chain", files.Chain, "-key", files.Key]);
        var server = _mesh.Identity(_mesh.Intermediate.Issue("https://example.org/"));

        var (wire, failure) = TlsWire.Shake(await _listener.AcceptAsync(), TlsHandshake.Server(server));

        Assert.Null(failure);
        Assert.Equal(uri, wire!.Peer.Id?.ToString());
        wire.Dispose();
    }

    [Fact]
    public async Task Only_leaf_and_intermediate_are_sent()
    {
        using var client = Start([.. Credentials, "-showcerts"]);
        using var wire = await AcceptAsync();

        wire.Send("here\n");
        await client.WaitForOutputAsync("here");

        Assert.Equal(2, client.Output.Split("-----BEGIN CERTIFICATE-----").Length - 1 - CountOf(client.Output, "Server certificate\n-----BEGIN"));
    }

    [Fact]
    public async Task A_session_moves_to_another_process_in_the_middle()
    {
        using var client = Start([.. Credentials, "-alpn", "h2"]);
        using var wire = await AcceptAsync();

        for (var round = 0; round < 3; round++)
        {
            await client.CommandAsync('K');
            await client.TypeAsync($"round {round}\n");
            wire.Move();
            Assert.Contains($"round {round}", wire.ReceiveUntil($"round {round}\n"));
            wire.Move();
            wire.Send($"answer {round}\n");
            await client.WaitForOutputAsync($"answer {round}");
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _files.Dispose();
        _mesh.Dispose();
    }

    private string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}";

    private PeerProcess Start(string[] arguments) => PeerProcess.Start("openssl",
        ["s_client", "-connect", Address, "-noservername", "-CAfile", _files.Root, .. arguments.Contains("-tls1_2") ? Array.Empty<string>() : ["-tls1_3"], .. arguments]);

    private async Task<TlsWire> AcceptAsync()
    {
        var (wire, failure) = TlsWire.Shake(await _listener.AcceptAsync(), TlsHandshake.Server(_mesh.Server()));
        Assert.Null(failure);
        return wire!;
    }

    private async Task<TlsFailure> AcceptFailureAsync()
    {
        using var socket = await _listener.AcceptAsync();
        var (wire, failure) = TlsWire.Shake(socket, TlsHandshake.Server(_mesh.Server()));
        Assert.Null(wire);
        return failure!;
    }

    private static int CountOf(string text, string part) => text.Split(part).Length - 1;
}
