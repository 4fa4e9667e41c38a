using System.Net.Sockets;
using Ambient.Certificates;
using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.TestKit;

namespace Ambient.Hbone.Tests;

/// <summary>Certificates run out while the authority is away.</summary>
public sealed class ExpiryTests
{
    private readonly ManualTime _time = new();
    private AbsentAuthority _authority = null!;

    [Fact(Timeout = 60_000)]
    public async Task A_pod_whose_certificate_has_run_out_takes_no_tunnel_until_it_has_another_and_keeps_those_it_has()
    {
        await using var lab = await TunnelLab.StartAsync(lab =>
        {
            (lab.CertificateTime, lab.Tls.Time) = (_time, _time);
            lab.Source = authority => _authority = new(authority);
        });
        lab.Certificates.Retain(TunnelLab.ServerId); // as of a pod on this node
        lab.Certificates.Retain(TunnelLab.ClientId);
        var open = (await lab.ConnectAsync()).Stream!;
        _authority.IsAway = true;
        _time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));

        using (var client = new TcpClient())
        {
            await client.ConnectAsync(lab.Address);
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]));
        }
        await TunnelLab.SettleAsync(lab.ServerLoop); // the socket is closed first, then the refusal is told
        Assert.Contains(lab.Refusals, static refusal => refusal.StartsWith("NoIdentity", StringComparison.Ordinal) && refusal.Contains(AbsentAuthority.Word, StringComparison.Ordinal));
        Assert.Equal("still here"u8.ToArray(), await lab.ClientLoop.RunAsync(async () =>
        {
            await open.WriteAsync("still here"u8.ToArray());
            return await open.ReadAsync(10);
        }));

        _authority.IsAway = false;
        await RenewedAsync(lab, TunnelLab.ServerId);
        await RenewedAsync(lab, TunnelLab.ClientId);
        Assert.NotNull((await lab.ConnectAsync(lab.Key with { Expected = [TunnelLab.ServerId, TunnelLab.ClientId] })).Stream); // a tunnel of its own
        Assert.Equal(3, lab.Accepted); // the first, the one that was refused, and this one
    }

    private async Task RenewedAsync(TunnelLab lab, SpiffeId id)
    {
        while (!lab.Certificates.TryGet(id, out _))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    private sealed class AbsentAuthority(ICertificateSource authority) : ICertificateSource
    {
        public const string Word = "gone fishing";

        public bool IsAway { get; set; }

        public ValueTask<WorkloadCertificate> FetchAsync(SpiffeId identity, FetchPriority priority, CancellationToken stop) =>
            IsAway ? throw new CertificateException(CertificateFailure.SourceUnavailable, Word) : authority.FetchAsync(identity, priority, stop);
    }
}
