using Ambient.TestKit;
using Ambient.TestKit.Peers;
using Ambient.Tls.Tests.Scenes;

namespace Ambient.Tls.Tests.Peers;

/// <summary>We are the client; the server is <c>openssl s_server</c>.</summary>
public sealed class OpenSslServerTests : IDisposable
{
    private readonly Mesh _mesh = new(configure: options => options.Time = TimeProvider.System);
    private readonly PeerFiles _files;
    private readonly ReservedPort _port = new();

    public OpenSslServerTests() => _files = new(_mesh.Intermediate.Issue(Mesh.ServerUri), _mesh.Root.RootPem);

    [Fact]
    public async Task Data_tickets_and_key_updates_go_both_ways()
    {
        using var server = Start("-alpn", "h2");
        using var wire = await ConnectAsync();

        wire.ReceiveControl();
        wire.ReceiveControl(); // two tickets

        var round = 0;
        foreach (var command in " kKKk")
        {
            if (command != ' ')
            {
                await server.TypeAsync($"{command}\n");
                wire.ReceiveControl(); // so it has taken the command: what comes with it in one read is dropped
            }
            await server.TypeAsync($"to the client {round}\n");
            wire.ReceiveUntil($"to the client {round}\n");
            wire.Send($"to the server {round}\n");
            await server.WaitForOutputAsync($"to the server {round++}");
        }

        Assert.Equal(2 + 4, wire.ControlRecords);
        Assert.Contains("ALPN protocols selected: h2", server.Output);
        wire.Close();
        await server.WaitForOutputAsync("DONE");
    }

    [Fact]
    public async Task Short_records_and_long_answers_arrive_whole()
    {
        using var server = Start("-rev", "-max_send_frag", "512");
        using var wire = await ConnectAsync();
        var line = string.Concat(Enumerable.Range(0, 3000).Select(i => (char)('a' + i % 26)));

        for (var i = 0; i < 5; i++)
        {
            wire.Send(line + "\n");
            Assert.Equal(new string([.. line.Reverse()]) + "\n", wire.ReceiveUntil("\n"));
            wire.Move();
        }
    }

    [Theory]
    [InlineData("-tls1_2", TlsFailureReason.PeerAlert)]
    [InlineData("-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256", TlsFailureReason.PeerAlert)]
    [InlineData("-tls1_3 -alpn http/1.1", TlsFailureReason.PeerAlert)]
    public async Task A_server_that_shares_no_parameters_is_left(string arguments, TlsFailureReason reason)
    {
        using var server = Start(arguments.Split(' '));

        var (wire, failure) = TlsWire.Shake(await TlsWire.ConnectAsync(_port.Number), TlsHandshake.Client(_mesh.Client(), [Mesh.ServerId]));

        Assert.Null(wire);
        Assert.Equal(reason, failure?.Reason);
    }

    [Fact]
    public async Task A_server_that_refuses_our_certificate_says_so_through_the_session()
    {
        using var server = Start("-alpn", "h2");
        using var client = _mesh.Identity(Authority.Root("stranger").Issue(Mesh.ClientUri));
        var (wire, _) = TlsWire.Shake(await TlsWire.ConnectAsync(_port.Number), TlsHandshake.Client(client, [Mesh.ServerId]));

        Assert.Throws<InvalidOperationException>(() => wire!.Receive());

        Assert.Equal((TlsFailureReason.PeerAlert, TlsAlert.UnknownCa), (wire!.Session.Failure?.Reason, wire.Session.Failure?.Alert));
        wire.Dispose();
    }

    public void Dispose()
    {
        _port.Dispose();
        _files.Dispose();
        _mesh.Dispose();
    }

    private PeerProcess Start(params string[] arguments) => PeerProcess.Start("openssl",
        ["s_server", "-accept", $"127.0.0.1:{_port.Number}", "-cert", _files.Leaf, "-cert_chain", _files.Chain, "-key", _files.Key,
            "-CAfile", _files.Root, "-Verify", "3", "-verify_return_error", .. arguments]);

    private async Task<TlsWire> ConnectAsync()
    {
        var (wire, failure) = TlsWire.Shake(await TlsWire.ConnectAsync(_port.Number), TlsHandshake.Client(_mesh.Client(), [Mesh.ServerId]));
        Assert.Null(failure);
        return wire!;
    }
}
