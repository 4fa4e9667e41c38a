using System.Net;
using Ambient.TestKit;
using Ambient.TestKit.Peers;
using Ambient.Tls.Tests.Scenes;

namespace Ambient.Tls.Tests.Peers;

/// <summary>The same against an implementation that shares no code with OpenSSL.</summary>
public sealed class GnuTlsTests : IDisposable
{
    private readonly Mesh _mesh = new(configure: options => options.Time = TimeProvider.System);

    [Fact]
    public async Task A_GnuTLS_client_is_served_and_its_key_updates_are_followed()
    {
        using var files = new PeerFiles(_mesh.Intermediate.Issue(Mesh.ClientUri), _mesh.Root.RootPem);
        using var listener = TlsWire.Listen();
        using var client = PeerProcess.Start("gnutls-cli", "--port", $"{((IPEndPoint)listener.LocalEndPoint!).Port}", "--alpn", "h2",
            "--x509cafile", files.Root, "--x509certfile", files.Chain, "--x509keyfile", files.Key, "--inline-commands",
            "--no-ca-verification", "127.0.0.1");
        var (wire, failure) = TlsWire.Shake(await listener.AcceptAsync(), TlsHandshake.Server(_mesh.Server()));
        Assert.Null(failure);

        await client.WaitForOutputAsync("Handshake was completed");
        await client.TypeAsync("first\n^rekey^\nsecond\n");
        wire!.ReceiveUntil("second\n");
        wire.Send("from the server\n");
        await client.WaitForOutputAsync("from the server");

        Assert.Equal(Mesh.ClientUri, wire.Peer.Id?.ToString());
        Assert.Equal(1, wire.ControlRecords);
        client.Input.Close();
        Assert.Equal("", wire.Receive());
        wire.Dispose();
    }

    [Fact]
    public async Task A_GnuTLS_server_is_spoken_to_through_a_move()
    {
        using var files = new PeerFiles(_mesh.Intermediate.Issue(Mesh.ServerUri), _mesh.Root.RootPem);
        using var port = new ReservedPort();
        using var server = PeerProcess.Start("gnutls-serv", "--port", $"{port.Number}", "--echo", "--alpn", "h2", "--require-client-cert",
            "--verify-client-cert", "--x509cafile", files.Root, "--x509certfile", files.Chain, "--x509keyfile", files.Key);
        var (wire, failure) = TlsWire.Shake(await TlsWire.ConnectAsync(port.Number), TlsHandshake.Client(_mesh.Client(), [Mesh.ServerId]));
        Assert.Null(failure);

        for (var i = 0; i < 3; i++)
        {
            wire!.Send($"line {i}\n");
            Assert.Contains($"line {i}", wire.ReceiveUntil($"line {i}\n"));
            wire.Move();
        }

        Assert.True(wire!.ControlRecords > 0); // its session tickets
        wire.Dispose();
    }

    public void Dispose() => _mesh.Dispose();
}
