using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates;
using Ambient.ControlPlane.Authority;
using Ambient.Model.Identities;

namespace Ambient.Storm;

/// <summary>The parts of a signature, in microseconds of one core.</summary>
internal static class SigningCost
{
    private const int Rounds = 2000;

    public static int Run()
    {
        var (options, time) = (new AuthorityOptions(), TimeProvider.System);
        var authority = new CertificateAuthority(options, time);
        var now = time.GetUtcNow();
        var signer = Signer.Load(RootKey.Create(options.TrustDomain, now, options.RootLifetime), now);
        authority.Use(new(signer, AuthorityState.First(signer, options.DefaultLeafLifetime).RootsPem, options.DefaultLeafLifetime));
        using var key = new WorkloadKey();
        var identity = new SpiffeId("cluster.local", "shop", "cart");
        var csr = key.RequestFor(identity);
        PublicKey read = SigningRequest.Read(csr);
        for (var i = 0; i < 2; i++) // once to warm up
        {
            Measure("request read and its signature checked", () => read = SigningRequest.Read(csr));
            Measure("certificate signed and written", () => authority.Sign(read, identity, options.DefaultLeafLifetime));
        }
        return 0;
    }

    private static void Measure(string what, Action work)
    {
        using var process = Process.GetCurrentProcess();
        var (cpu, allocated) = (process.TotalProcessorTime, GC.GetTotalAllocatedBytes());
        for (var i = 0; i < Rounds; i++) work();
        process.Refresh();
        Console.WriteLine($"{what}: {(process.TotalProcessorTime - cpu).TotalMicroseconds / Rounds:0} us, {(GC.GetTotalAllocatedBytes() - allocated) / Rounds:N0} bytes allocated");
    }
}
