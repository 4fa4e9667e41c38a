using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ambient.ControlPlane.Callers;
using Ambient.ControlPlane.Distribution;
using Ambient.Grpc;
using Ambient.GrpcServer;
using Ambient.Hosting.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Ambient.Scale;

/// <summary>The control plane's distribution alone: no cluster, a mesh that is made up and changes at a rate. Reads commands, one a line.</summary>
internal static class ScaleServer
{
    public static async Task<int> RunAsync(ScaleOptions options)
    {
        var metrics = new MetricRegistry();
        var resources = new MeshResources(TimeProvider.System);
        var mesh = new SyntheticMesh(options);
        foreach (var delta in mesh.All()) resources.Apply(delta);
        resources.MarkComplete();
        using var service = new AdsService(resources, new Everybody(), new(), new AdsMetrics(metrics, resources), TimeProvider.System, new Random(1), NullLogger());
        await using var app = await ServeAsync(service);
        Console.WriteLine($"listening {app.Urls.Single()}");

        while (Console.ReadLine() is { } command)
        {
            switch (command)
            {
                case "rss":
                    GC.Collect();
                    Report("rss");
                    break;
                case "change":
                    await ChangeAsync(resources, mesh, options);
                    Report("changed");
                    break;
                case "metrics":
                    var output = new System.Buffers.ArrayBufferWriter<byte>();
                    metrics.Write(output);
                    foreach (var line in System.Text.Encoding.UTF8.GetString(output.WrittenSpan).Split('\n'))
                        if (line.StartsWith("ambient_discovery", StringComparison.Ordinal)) Console.WriteLine(line);
                    Console.WriteLine("end");
                    break;
            }
        }
        return 0;
    }

    private static async Task ChangeAsync(MeshResources resources, SyntheticMesh mesh, ScaleOptions options)
    {
        var random = new Random(1);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        var clock = Stopwatch.StartNew();
        for (var done = 0; done < options.Changes * options.Seconds && await timer.WaitForNextTickAsync();)
        {
            var due = (int)(clock.Elapsed.TotalSeconds * options.Changes);
            for (; done < due; done++) resources.Apply(new() { Workloads = [mesh.Pod(random.Next(options.Workloads), done + 1)] });
        }
    }

    private static void Report(string what)
    {
        using var process = Process.GetCurrentProcess();
        Console.WriteLine($"{what}: RSS {process.WorkingSet64 >> 20} MiB, peak {process.PeakWorkingSet64 >> 20} MiB, heap {GC.GetTotalMemory(false) >> 20} MiB, CPU {process.TotalProcessorTime.TotalSeconds:0.0} s");
    }

    private static async Task<WebApplication> ServeAsync(AdsService service)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.LimitForGrpc();
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(SelfSigned());
            });
        });
        var app = builder.Build();
        service.Map(app);
        await app.StartAsync();
        return app;
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=scale", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        File.WriteAllText(RootFile, certificate.ExportCertificatePem());
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }

    public static string RootFile => Path.Combine(Path.GetTempPath(), "ambient-scale-root.pem");

    private static ILogger<AdsService> NullLogger() => Microsoft.Extensions.Logging.Abstractions.NullLogger<AdsService>.Instance;

    private sealed class Everybody : ICallerAuthenticator
    {
        public ValueTask<Caller> AuthenticateAsync(GrpcMetadata metadata, X509Certificate2? certificate, CancellationToken stop) =>
            new(new Caller("istio-system", "ztunnel", null, null));
    }
}
