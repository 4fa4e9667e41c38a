using System.Net;
using System.Security.Cryptography;
using Ambient.Playground.Api.Access;
using Ambient.Playground.Api.Schemas;
using Ambient.Playground.Api.Serving;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Controllers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ambient.Playground.Api;

/// <summary>A cluster's API on this machine, in memory: what kubectl and controllers speak to, with no cluster behind it.</summary>
public sealed class PlaygroundApi : IAsyncDisposable
{
    private readonly CancellationTokenSource _closing;
    private readonly ServerAuthority _authority;
    private readonly WebApplication _server;
    private readonly ControllerSet? _controllers;
    private bool _disposed;

    private PlaygroundApi(ObjectStore store, TokenIssuer tokens, ServerAuthority authority, WebApplication server, ControllerSet? controllers, CancellationTokenSource closing, string administratorToken)
    {
        (Store, Tokens, _authority, _server, _controllers, _closing, AdministratorToken) = (store, tokens, authority, server, controllers, closing, administratorToken);
        var addresses = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Url = Find(addresses, "http://");
        TlsUrl = Find(addresses, "https://");
    }

    /// <summary>The plain address on loopback, where every caller is an administrator; empty if there is none.</summary>
    public string Url { get; }

    /// <summary>The address with TLS, for callers with tokens; empty if there is none or it was handed in as a descriptor.</summary>
    public string TlsUrl { get; }

    /// <summary>What callers of <see cref="TlsUrl"/> are to trust.</summary>
    public string RootPem => _authority.RootPem;

    /// <summary>Everything in the cluster, for tests and for the lab.</summary>
    public ObjectStore Store { get; }

    public TokenIssuer Tokens { get; }

    /// <summary>Secret: whoever has it may do everything, on any listener. Ends with the process.</summary>
    public string AdministratorToken { get; }

    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<PlaygroundApi> StartAsync(PlaygroundApiOptions? given = null)
    {
        var options = given ?? new();
        var authority = ServerAuthority.Make(Names(options), options.Time.GetUtcNow());
        var kinds = new Kinds.KindCatalog(SchemaLibrary.BuiltIn.Kinds);
        var store = new ObjectStore(kinds, new(kinds, options, authority.RootPem), options.Store, options.Time);
        ClusterContents.Create(store, options);
        var tokens = new TokenIssuer(store, options.Issuer);
        var administratorToken = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        var closing = new CancellationTokenSource();
        var handler = new ApiHandler(store, new(tokens, administratorToken), new(store, options.EnforcesRoles, options.Allowed), tokens, options, closing.Token);
        var server = await ListenAsync(handler, options, authority);
        var controllers = options.Controllers ? ControllerSet.Start(store, options) : null;
        return new(store, tokens, authority, server, controllers, closing, administratorToken);
    }

    /// <summary>Writes a file that kubectl takes; readable by its owner only. The administrator, on the plain address if there is one.</summary>
    public Task WriteKubeconfigAsync(string path) => Url.Length > 0
        ? Kubeconfig.WriteAsync(path, Url, rootPem: null, token: null)
        : Kubeconfig.WriteAsync(path, TlsUrl, RootPem, AdministratorToken);

    /// <summary>The same for a service account, over TLS.</summary>
    /// <param name="url">Where it finds the API; by default <see cref="TlsUrl"/>.</param>
    public Task WriteKubeconfigAsync(string path, string ns, string account, string? url = null) =>
        Kubeconfig.WriteAsync(path, url ?? TlsUrl, RootPem, Tokens.Issue(ns, account, [], TimeSpan.FromDays(1)).Token);

    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        if (_controllers is not null) await _controllers.DisposeAsync();
        await _closing.CancelAsync();
        await _server.DisposeAsync();
        _closing.Dispose();
        _authority.Dispose();
        Tokens.Dispose();
    }

    private static async Task<WebApplication> ListenAsync(ApiHandler handler, PlaygroundApiOptions options, ServerAuthority authority)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // ours answers as the API does
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000; // a client's watches share one connection
            if (options.Port is { } port) kestrel.Listen(IPAddress.Loopback, port);
            if (options.TlsPort is { } tls) kestrel.Listen(IPAddress.Loopback, tls, listen => listen.UseHttps(authority.Server));
            if (options.TlsHandle is { } secured) kestrel.ListenHandle((ulong)secured, listen => listen.UseHttps(authority.Server));
            if (options.PlainHandle is { } plain) kestrel.ListenHandle((ulong)plain);
        });
        var server = builder.Build();
        server.Run(handler.HandleAsync);
        await server.StartAsync();
        return server;
    }

    /// <summary>Signals are for whoever runs the API: the server's own handlers would keep the process from ending.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static IEnumerable<string> Names(PlaygroundApiOptions options) =>
    [
        "localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
        ClusterContents.ApiAddress(options).ToString(), .. options.ServerNames,
    ];

    private static string Find(ICollection<string> addresses, string scheme) =>
        addresses.FirstOrDefault(address => address.StartsWith(scheme, StringComparison.Ordinal) && Uri.TryCreate(address, UriKind.Absolute, out _)) ?? "";
}
