using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Store;
using Ambient.Hbone.Client;
using Ambient.Model.Identities;
using Ambient.Tls;
using Ambient.Tls.Revocation;
using Ambient.Transport;

namespace Ambient.Hbone.Tests;

/// <summary>A revocation list that comes when a peer's certificate was looked at already, and before there is a tunnel that it could close.</summary>
public sealed class LateRevocationTests
{
    private readonly CrlStore _crl = new();
    private readonly Clock _clock = new();

    [Fact(Timeout = 60_000)]
    public async Task A_client_that_is_revoked_while_it_shakes_hands_gets_no_tunnel()
    {
        await using var lab = await StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(lab.Address);
        using var handshake = TlsHandshake.Client(await IdentityAsync(lab, TunnelLab.ClientId), [TunnelLab.ServerId]);
        var flight = await RunAsync(handshake, client.GetStream());

        await SendUntilVerifiedAsync(client.GetStream(), flight[..^1], lab.ServerLoop);
        await RevokeAsync(lab, TunnelLab.ClientId);
        await lab.ServerLoop.RunAsync(() => { lab.Acceptor.CloseRevoked(_crl.IsRevoked); return ValueTask.CompletedTask; });
        await client.GetStream().WriteAsync(flight.AsMemory(^1..));

        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]));
        await TunnelLab.SettleAsync(lab.ServerLoop); // the socket is closed first, then the refusal is told
        Assert.Contains(lab.Refusals, static refusal => refusal.Contains("is on the revocation list", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_server_that_is_revoked_while_it_shakes_hands_is_not_asked_for_anything()
    {
        await using var lab = await StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var connecting = lab.ConnectAsync(lab.Key with { Destination = (IPEndPoint)listener.LocalEndpoint });
        using var server = await listener.AcceptTcpClientAsync();
        using var handshake = TlsHandshake.Server(await IdentityAsync(lab, TunnelLab.ServerId));
        var flight = Advance(handshake, await ReadAsync(server.GetStream()));

        await SendUntilVerifiedAsync(server.GetStream(), flight[..^1], lab.ClientLoop);
        await RevokeAsync(lab, TunnelLab.ServerId);
        await lab.ClientLoop.RunAsync(() => { lab.Pool.CloseRevoked(_crl.IsRevoked); return ValueTask.CompletedTask; });
        await server.GetStream().WriteAsync(flight.AsMemory(^1..));

        var result = await connecting;
        Assert.Equal((DialReason.HandshakeFailed, TlsFailureReason.CertificateRevoked), (result.Failure!.Reason, result.Failure.Tls));
    }

    private Task<TunnelLab> StartAsync() => TunnelLab.StartAsync(lab => (lab.Tls.Crl, lab.Tls.Time) = (_crl, _clock));

    private static async Task<TlsIdentity> IdentityAsync(TunnelLab lab, SpiffeId id) => (await lab.Identities.FindAsync(id)).Identity!;

    /// <summary>What completes the handshake; not sent.</summary>
    private static async Task<byte[]> RunAsync(TlsHandshake client, NetworkStream wire)
    {
        for (byte[] received = []; ; received = await ReadAsync(wire))
        {
            var toSend = new ArrayBufferWriter<byte>();
            if (client.Advance(received, toSend) == HandshakeStatus.Complete) return toSend.WrittenSpan.ToArray();
            await wire.WriteAsync(toSend.WrittenMemory);
        }
    }

    private static byte[] Advance(TlsHandshake handshake, byte[] received)
    {
        var toSend = new ArrayBufferWriter<byte>();
        handshake.Advance(received, toSend);
        return toSend.WrittenSpan.ToArray();
    }

    private static async Task<byte[]> ReadAsync(NetworkStream wire)
    {
        var buffer = new byte[16 << 10];
        return buffer[..await wire.ReadAsync(buffer)];
    }

    /// <summary>The last byte, and with it the end of the handshake, is still to come.</summary>
    private async Task SendUntilVerifiedAsync(NetworkStream wire, byte[] bytes, EventLoop verifier)
    {
        var asked = _clock.WhenAskedAsync();
        await wire.WriteAsync(bytes);
        await asked;
        await TunnelLab.SettleAsync(verifier);
    }

    private async Task RevokeAsync(TunnelLab lab, SpiffeId id)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(lab.AuthorityDirectory, "ca-key.pem")));
        using var authority = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(lab.AuthorityDirectory, "ca-cert.pem")));
        using var signer = authority.CopyWithPrivateKey(key);
        using var revoked = X509Certificate2.CreateFromPem((await lab.Certificates.GetAsync(id, FetchPriority.RealTime, CancellationToken.None)).ChainPem);
        var now = TimeProvider.System.GetUtcNow();
        var list = new CertificateRevocationListBuilder();
        list.AddEntry(revoked, now);
        Assert.Null(_crl.Load(list.Build(signer, 1, now.AddDays(1), HashAlgorithmName.SHA256, thisUpdate: now)).Error);
    }

    /// <summary>Tells when it is asked: validity times are looked at with the certificate.</summary>
    private sealed class Clock : TimeProvider
    {
        private TaskCompletionSource _asked = new();

        public Task WhenAskedAsync() => (_asked = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public override DateTimeOffset GetUtcNow()
        {
            _asked.TrySetResult();
            return System.GetUtcNow();
        }
    }
}
