using System.Security.Cryptography.X509Certificates;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Network;
using Ambient.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ambient.EndToEnd.Tests.Requests;

/// <summary>The application in a pod, which speaks TLS only: it answers with the name that was last asked for (SNI).</summary>
internal sealed class SecurePod : IAsyncDisposable
{
    private readonly WebApplication _application;
    private int _requests;
    private volatile string? _asked;

    private SecurePod(IPod pod, int port, X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(options => options.ListenHandle((ulong)pod.Listen(port).HandOver(), listen => listen.UseHttps(https => https.ServerCertificateSelector = (_, name) =>
        {
            _asked = name;
            return certificate;
        })));
        _application = builder.Build();
        _application.Run(context =>
        {
            Interlocked.Increment(ref _requests);
            return context.Response.WriteAsync($"asked for {_asked}");
        });
    }

    /// <summary>Answered until now.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public static async Task<SecurePod> StartAsync(IPod pod, int port, X509Certificate2 certificate)
    {
        var secure = new SecurePod(pod, port, certificate);
        await secure._application.StartAsync();
        return secure;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}
