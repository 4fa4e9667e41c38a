using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Authority;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.ControlPlane.Tests.Authority;

/// <summary>Whatever happens during a rotation, any two certificates that are valid at the same time accept each other.</summary>
public sealed class RootRotationTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1), Hour = TimeSpan.FromHours(1);
    private static readonly DateTimeOffset Start = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public async Task Twenty_years_pass_and_every_certificate_is_issued_and_accepted()
    {
        var (time, secrets, options) = (new ManualTime(Start), new MemorySecrets(), new AuthorityOptions());
        Replica[] replicas = [Replica.Start(secrets, options, time), Replica.Start(secrets, options, time)];
        var holders = new Holders(time);
        var anchors = new HashSet<string>();

        for (var step = 0; step < 20 * 365; step++)
        {
            time.Advance(Day);
            await replicas[step % 2].ReconcileAsync();
            var leaf = await replicas[step % 2].IssueAsync();
            Assert.Equal(time.GetUtcNow() + Day, leaf.NotAfter); // never cut: the root is replaced long before its end
            holders.Add(leaf);
            anchors.Add(leaf.Anchor);
        }

        Assert.Equal(3, anchors.Count); // ten years each, replaced after eight
    }

    [Fact]
    public void Crashes_partitions_two_leaders_and_operators_break_no_pair_of_certificates() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var run = new RandomRun(seed);
            run.RunAsync(steps: 150).GetAwaiter().GetResult();
            return run.Issued > 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));

    [Fact]
    public async Task Real_handshakes_succeed_between_all_certificates_that_coexist_during_a_rotation()
    {
        var (time, secrets, options) = (new ManualTime(Start), new MemorySecrets(), new AuthorityOptions());
        var replica = Replica.Start(secrets, options, time);
        var held = new List<(Leaf Leaf, ECDsa Key)>();
        await replica.ReconcileAsync();
        for (var step = 0; step < 20; step++)
        {
            if (step == 1) secrets.Annotate("now");
            await replica.ReconcileAsync();
            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            held.Add((Leaf.Of(replica.Authority.Sign(new PublicKey(key), Replica.Web, Day)), key));
            for (var i = 0; i < 8; i++)
            {
                time.Advance(Hour / 2);
                await replica.ReconcileAsync();
            }
        }
        Assert.Equal(RotationPhase.Steady, replica.Controller.Report.Phase);

        var handshakes = 0;
        foreach (var server in held)
            foreach (var client in held)
            {
                var both = server.Leaf.NotBefore > client.Leaf.NotBefore ? server.Leaf.NotBefore : client.Leaf.NotBefore;
                if (both >= server.Leaf.NotAfter || both >= client.Leaf.NotAfter) continue;
                await HandshakeAsync(server, client, both.AddSeconds(1));
                handshakes++;
            }

        Assert.Equal(2, held.Select(one => one.Leaf.Anchor).Distinct().Count());
        Assert.InRange(handshakes, 150, 400);
    }

    private static async Task HandshakeAsync((Leaf Leaf, ECDsa Key) server, (Leaf Leaf, ECDsa Key) client, DateTimeOffset at)
    {
        using var pair = await LoopbackPair.CreateAsync();
        await using var serverTls = new SslStream(new System.Net.Sockets.NetworkStream(pair.Server));
        await using var clientTls = new SslStream(new System.Net.Sockets.NetworkStream(pair.Client));
        var accepting = serverTls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = Context(server), ClientCertificateRequired = true, EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, peer, chain, _) => Accepts(server.Leaf, peer, chain, at),
        });
        var connecting = clientTls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "web", ClientCertificateContext = Context(client), EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, peer, chain, _) => Accepts(client.Leaf, peer, chain, at),
        });
        await Task.WhenAll(accepting, connecting);
        await serverTls.WriteAsync("hello"u8.ToArray());
        Assert.Equal(5, await clientTls.ReadAtLeastAsync(new byte[5], 5));
    }

    private static SslStreamCertificateContext Context((Leaf Leaf, ECDsa Key) holder)
    {
        using var leaf = X509Certificate2.CreateFromPem(holder.Leaf.Chain[0]);
        return SslStreamCertificateContext.Create(leaf.CopyWithPrivateKey(holder.Key), null, offline: true);
    }

    private static bool Accepts(Leaf mine, X509Certificate? peer, X509Chain? sent, DateTimeOffset at)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(mine.Chain[^1]);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = at.UtcDateTime;
        return peer is not null && chain.Build(new X509Certificate2(peer));
    }

    /// <summary>Everybody with a valid certificate; a newcomer must get along with all of them.</summary>
    private sealed class Holders(TimeProvider time)
    {
        private readonly List<Leaf> _valid = [];

        public void Add(Leaf leaf)
        {
            _valid.RemoveAll(old => old.NotAfter <= time.GetUtcNow().AddMinutes(-2)); // its clock may be behind
            foreach (var other in _valid)
                Assert.True(leaf.GetsAlongWith(other),
                    $"{leaf.Anchor} (trusts {string.Join(", ", leaf.Bundle)}) and {other.Anchor} (trusts {string.Join(", ", other.Bundle)})");
            _valid.Add(leaf);
        }
    }

    /// <summary>Some months of a mesh in which everything goes wrong that can.</summary>
    private sealed class RandomRun
    {
        private readonly Random _random;
        private readonly ManualTime _time = new(Start);
        private readonly MemorySecrets _secrets = new();
        private readonly AuthorityOptions _options = new()
        {
            MaxLeafLifetime = 2 * Day, RootLifetime = 30 * Day, DistributionTime = Hour,
        };
        private readonly List<Replica> _replicas;
        private readonly Holders _holders;
        private TestCertificate? _companyRoot;
        private int _companies;

        public RandomRun(int seed)
        {
            _random = new Random(seed);
            _holders = new Holders(_time);
            _replicas = [Replica.Start(_secrets, _options, _time), Replica.Start(_secrets, _options, _time)];
            _secrets.Fault = (_, _) =>
            {
                if (_random.Next(25) == 0) throw new CrashException();
            };
        }

        public int Issued { get; private set; }

        public async Task RunAsync(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                _time.Advance(_random.Next(4) == 0 ? _random.Next(1, 60) * Hour : _random.Next(1, 50) * TimeSpan.FromMinutes(1));
                if (_random.Next(12) == 0) Operate();
                foreach (var replica in _replicas)
                {
                    replica.Leads = _random.Next(3) > 0; // both, one or none: a Lease cannot promise more
                    if (_random.Next(3) > 0) await UnlessCrashedAsync(replica, replica.ReconcileAsync);
                    if (_random.Next(2) == 0) await UnlessCrashedAsync(replica, () => IssueAsync(replica));
                }
            }
        }

        private async Task IssueAsync(Replica replica)
        {
            try
            {
                var life = _random.Next(10) == 0 ? _random.NextDouble() * 1.9 * Day : _random.NextDouble() * Day;
                _holders.Add(await replica.IssueAsync(life + TimeSpan.FromMinutes(5)));
                Issued++;
            }
            catch (AuthorityException error) when (error.Failure == AuthorityFailure.Unavailable)
            {
                // Too long without the Secret, or an intermediate that nobody renewed: nothing wrong was handed out.
            }
        }

        private async Task UnlessCrashedAsync(Replica replica, Func<Task> work)
        {
            try
            {
                await work();
            }
            catch (CrashException)
            {
                if (_random.Next(2) == 0) replica.Restart(); // or only this call has failed
            }
            catch (AuthorityException error) when (error.Failure == AuthorityFailure.InvalidMaterial && _secrets[PluggedInAuthority.Name] is not null)
            {
                // The operator's Secret is bad and there was nothing before it.
            }
        }

        private void Operate()
        {
            var now = _time.GetUtcNow();
            switch (_random.Next(6))
            {
                case 0 or 1 when _secrets[AuthoritySecret.Name] is not null:
                    _secrets.Annotate(_random.Next().ToString());
                    break;
                case 2:
                    _companyRoot = TestCertificate.Root($"company {++_companies} root", now - Hour, _random.Next(20, 200) * Day);
                    _secrets.PlugIn(_companyRoot.Intermediate($"mesh {_companies}", now - Hour, _random.Next(3, 20) * Day).Material(_companyRoot));
                    break;
                case 3 when _companyRoot is not null && _companyRoot.Certificate.NotAfter.ToUniversalTime() > now:
                    _secrets.PlugIn(_companyRoot.Intermediate($"mesh {_companies} again", now - Hour, _random.Next(3, 20) * Day).Material(_companyRoot));
                    break;
                case 4 when _companyRoot is not null:
                    _secrets.PlugIn(_companyRoot.Material(_companyRoot) with { Key = "damaged" });
                    break;
                case 5:
                    _secrets.Delete(PluggedInAuthority.Name);
                    break;
            }
        }
    }

    private sealed class CrashException : Exception;
}
