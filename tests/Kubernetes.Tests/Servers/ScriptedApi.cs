using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>An API server that answers as a test says: real HTTP on a real socket.</summary>
internal sealed class ScriptedApi : IAsyncDisposable
{
    private readonly WebApplication _server;

    private ScriptedApi(WebApplication server) => _server = server;

    /// <summary>What was asked, in order.</summary>
    public List<RecordedRequest> Requests { get; } = [];

    public Uri Url { get; private set; } = null!;

    /// <summary>The next request's answer is the next of <paramref name="answers"/>; the last one serves all further requests.</summary>
    public static Task<ScriptedApi> StartAsync(params Func<HttpContext, Task>[] answers)
    {
        var next = 0;
        return StartAsync(context => answers[Math.Min(Interlocked.Increment(ref next), answers.Length) - 1](context), null);
    }

    /// <param name="certificate">Null for http.</param>
    public static async Task<ScriptedApi> StartAsync(
        Func<HttpContext, Task> answer, X509Certificate2? certificate, Action<X509Certificate2?>? seeClient = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is null) return;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = certificate,
                ClientCertificateMode = seeClient is null ? ClientCertificateMode.NoCertificate : ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (client, _, _) =>
                {
                    seeClient?.Invoke(client);
                    return true;
                },
            });
        }));
        var server = builder.Build();
        var api = new ScriptedApi(server);
        server.Run(async context =>
        {
            var recorded = await RecordedRequest.ReadAsync(context.Request);
            lock (api.Requests) api.Requests.Add(recorded);
            await answer(context);
        });
        await server.StartAsync();
        var addresses = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        api.Url = new Uri(addresses.Addresses.Single());
        return api;
    }

    public ApiClient Client(TimeProvider? time = null, Func<ApiConfiguration, ApiConfiguration>? with = null)
    {
        var configuration = new ApiConfiguration { Server = Url };
        return new(with?.Invoke(configuration) ?? configuration, time ?? TimeProvider.System);
    }

    public static Func<HttpContext, Task> Json(string json, int status = 200) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(json));
    };

    public static Func<HttpContext, Task> Status(int code, string reason, string message, int? retryAfter = null) => async context =>
    {
        if (retryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await Json($$"""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{{message}}","reason":"{{reason}}","code":{{code}}}""", code)(context);
    };

    /// <summary>Sends the bytes in pieces, each in a packet of its own.</summary>
    public static Func<HttpContext, Task> Pieces(IEnumerable<ReadOnlyMemory<byte>> pieces) => async context =>
    {
        foreach (var piece in pieces)
        {
            await context.Response.Body.WriteAsync(piece);
            await context.Response.Body.FlushAsync();
        }
    };

    /// <summary>A watch that sends these lines and then ends.</summary>
    public static Func<HttpContext, Task> Lines(params string[] lines) => Pieces([Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")))]);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(0);
        await _server.StopAsync(now.Token);
        await _server.DisposeAsync();
    }
}

internal sealed record RecordedRequest(string Method, string Path, IReadOnlyDictionary<string, string> Query, string ContentType, string Authorization, string Body)
{
    public static async Task<RecordedRequest> ReadAsync(HttpRequest request)
    {
        using var reader = new StreamReader(request.Body);
        return new(request.Method, request.Path, request.Query.ToDictionary(pair => pair.Key, pair => pair.Value.ToString()),
            request.ContentType ?? "", request.Headers.Authorization.ToString(), await reader.ReadToEndAsync());
    }
}
