using Ambient.Lab;
using Ambient.Lab.Processes;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.ClusterBenchmark;

/// <summary>New connections while an authority is plugged in, its intermediate is replaced, and the first one ends.</summary>
internal static class IntermediateRun
{
    private static readonly TimeSpan FirstLife = TimeSpan.FromMinutes(5), Patience = TimeSpan.FromMinutes(12);

    public static async Task<int> RunAsync(int rate)
    {
        using var root = new Authority("CN=plugged-in root", null, TimeSpan.FromDays(10));
        using var first = new Authority("CN=first intermediate", root, FirstLife);
        using var second = new Authority("CN=second intermediate", root, TimeSpan.FromDays(5));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await using var stage = await ClusterStage.SetAsync([new("AMBIENT_TRUST_DISTRIBUTION_TIME", "30s"), new("DEFAULT_WORKLOAD_CERT_TTL", "1m")],
            new("SECRET_TTL", "60s"), new("POOL_MAX_STREAMS_PER_CONNECTION", "8"), new("POOL_UNUSED_RELEASE_TIMEOUT", "1s"));
        var pace = stage.Pace(rate, Patience);
        await PlugInAsync(stage, root, first);
        await Until.TrueAsync(async () => (await SignerAsync(stage)).Contains("first", StringComparison.Ordinal) || !pace.IsRunning, "the first intermediate signs", Patience);
        Say("the first intermediate signs");

        await PlugInAsync(stage, root, second);
        await Until.TrueAsync(async () => (await SignerAsync(stage)).Contains("second", StringComparison.Ordinal) || !pace.IsRunning, "the second intermediate signs", Patience);
        Say("the second intermediate signs");
        await Task.Delay(first.End - TimeProvider.System.GetUtcNow() is { Ticks: > 0 } rest ? rest : TimeSpan.Zero, TimeProvider.System);
        Say("the first intermediate has ended");
        await Task.Delay(TimeSpan.FromSeconds(40), TimeProvider.System);
        if (!pace.IsRunning) throw new LabException($"The client ended early: {pace.ReadLog()}");
        pace.Signal("TERM");
        await pace.WaitForExitAsync();
        return stage.Report(pace);

        void Say(string what) => Console.WriteLine($"{watch.Elapsed.TotalSeconds:0} s: {what}");
    }

    private static async Task PlugInAsync(ClusterStage stage, Authority root, Authority issuer)
    {
        var folder = Directory.CreateTempSubdirectory("ambient-cacerts").FullName;
        foreach (var (name, text) in ((string, string)[])[("ca-cert.pem", issuer.Pem), ("ca-key.pem", issuer.KeyPem), ("cert-chain.pem", ""), ("root-cert.pem", root.Pem)])
            await File.WriteAllTextAsync(Path.Combine(folder, name), text);
        await stage.Cluster.KubectlAsync("delete", "secret", "cacerts", "-n", "istio-system", "--ignore-not-found");
        (await stage.Cluster.KubectlAsync("create", "secret", "generic", "cacerts", "-n", "istio-system", $"--from-file={folder}")).OutputOrThrow();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<string> SignerAsync(ClusterStage stage)
    {
        var secret = await stage.Cluster.KubectlAsync("get", "secret", "istio-ca-secret", "-n", "istio-system", "-o", "jsonpath={.data.ca-cert\\.pem}");
        if (secret.Output.Length == 0) return "";
        using var certificate = X509Certificate2.CreateFromPem(System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(secret.Output)));
        return certificate.Subject;
    }

    private sealed class Authority : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly X509Certificate2 _certificate;

        public Authority(string name, Authority? issuer, TimeSpan life)
        {
            var (from, until) = (TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow() + life);
            var request = new CertificateRequest(name, _key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
            if (issuer is not null) request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer._certificate, true, false));
            _certificate = issuer is null ? request.CreateSelfSigned(from, until)
                : request.Create(issuer._certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer._key), from, until, RandomNumberGenerator.GetBytes(8));
            End = until;
        }

        public DateTimeOffset End { get; }

        public string Pem => _certificate.ExportCertificatePem() + "\n";

        public string KeyPem => _key.ExportPkcs8PrivateKeyPem() + "\n";

        public void Dispose()
        {
            _certificate.Dispose();
            _key.Dispose();
        }
    }
}
