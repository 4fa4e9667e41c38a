using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Authority;
using Ambient.Certificates.Service;
using Ambient.Grpc;
using Ambient.GrpcServer;
using Ambient.Protos.Ca;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Certificates.Tests.Service;

/// <summary>An authority on a real socket whose answers the test gives; by default it signs whatever is asked.</summary>
internal sealed class ScriptedAuthority : IAsyncDisposable
{
    private readonly WebApplication _server;
    private readonly string _directory = Directory.CreateTempSubdirectory("ca").FullName;

    private ScriptedAuthority(WebApplication server) => _server = server;

    public LocalAuthority Authority { get; private set; } = null!;

    public Func<IstioCertificateRequest, IReadOnlyList<string>> Answer { get; set; } = null!;

    /// <summary>What came with the last call.</summary>
    public (IstioCertificateRequest Request, GrpcMetadata Metadata) Last { get; private set; }

    public Uri Address => new(_server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <param name="certificate">Of TLS; in plain text without.</param>
    public static async Task<ScriptedAuthority> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (certificate is not null) listen.UseHttps(certificate);
        }));
        var server = builder.Build();
        var scripted = new ScriptedAuthority(server);
        scripted.Authority = await LocalAuthority.OpenAsync(scripted._directory, new() { TrustDomain = null, MaxLeafLifetime = TimeSpan.FromDays(90) }, TimeProvider.System, default);
        scripted.Answer = request => scripted.Authority.Sign(request.Csr, TimeSpan.FromSeconds(request.ValidityDuration));
        server.MapUnary(AuthorityContract.CreateCertificate, (request, context) =>
        {
            scripted.Last = (request, context.Metadata);
            return Task.FromResult(new IstioCertificateResponse { CertChain = { scripted.Answer(request) } });
        });
        await server.StartAsync();
        return scripted;
    }

    public AuthorityClient Client(Func<Uri, AuthorityClientOptions>? options = null) =>
        new(options?.Invoke(Address) ?? new() { Address = Address }, TimeProvider.System, NullLogger<AuthorityClient>.Instance);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
