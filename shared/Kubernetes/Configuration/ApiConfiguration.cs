using System.Net;

namespace Ambient.Kubernetes.Configuration;

/// <summary>Where the API is, whom to trust there, and who we are to it. Immutable; holds secrets, so it is never printed.</summary>
public sealed record ApiConfiguration
{
    /// <summary>Where a pod finds its service account.</summary>
    public const string ServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>https, or http on loopback only; may end with a path under which the API is served.</summary>
    public required Uri Server { get; init; }

    /// <summary>The namespace that applies where none is named.</summary>
    public string Namespace { get; init; } = "default";

    public ServerTrust Trust { get; init; } = ServerTrust.System;

    /// <summary>Name that the server's certificate must carry, where it is not the host of <see cref="Server"/>.</summary>
    public string? ServerName { get; init; }

    public BearerToken? Token { get; init; }

    public ClientIdentity? Identity { get; init; }

    /// <summary>Requests per second in the long run, watches included: more than 0, default 80.</summary>
    public double RequestsPerSecond { get; init; } = 80;

    /// <summary>Requests that may be sent at once after a pause: at least 1, default 160.</summary>
    public int Burst { get; init; } = 160;

    /// <summary>For one request and its answer; not for watches. Default 60 s; <see cref="Timeout.InfiniteTimeSpan"/> for none.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Largest JSON text of one object that is read. Default 16 MiB, ten times what a cluster stores by default.</summary>
    public int MaxObjectBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The configuration of a pod: its service account's token and the cluster's certificate authority.</summary>
    /// <param name="host">Value of <c>KUBERNETES_SERVICE_HOST</c>.</param>
    /// <param name="port">Value of <c>KUBERNETES_SERVICE_PORT</c>.</param>
    /// <exception cref="ConfigurationException">This is not a pod, or its service account is not mounted.</exception>
    public static ApiConfiguration InCluster(string? host, string? port, TimeProvider time, string directory = ServiceAccountDirectory)
    {
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
            throw new ConfigurationException(
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set, so this is no pod of a cluster. " +
                "Outside a cluster set KUBECONFIG to a kubeconfig file.");
        if (!int.TryParse(port, out var number) || number is < 1 or > 65535)
            throw new ConfigurationException($"KUBERNETES_SERVICE_PORT is '{port}'; it must be a port from 1 to 65535.");

        var token = new TokenFile(Path.Combine(directory, "token"), time);
        token.Read();
        var namespaceFile = Path.Combine(directory, "namespace");
        return new ApiConfiguration
        {
            Server = ParseServer($"https://{(host.Contains(':') ? $"[{host}]" : host)}:{number}", "KUBERNETES_SERVICE_HOST"),
            Namespace = File.Exists(namespaceFile) ? File.ReadAllText(namespaceFile).Trim() : "default",
            Trust = ServerTrust.FromFile(Path.Combine(directory, "ca.crt")),
            Token = token,
        };
    }

    /// <summary>The configuration that a kubeconfig file describes.</summary>
    /// <param name="context">Null for the file's current context.</param>
    /// <exception cref="ConfigurationException">It cannot be read or used; the message says where and why.</exception>
    public static ApiConfiguration FromKubeconfig(string path, TimeProvider time, string? context = null) =>
        Kubeconfig.Load(path).ToConfiguration(context, time);

    /// <summary>Tells the server only.</summary>
    public override string ToString() => $"Kubernetes API at {Server}";

    /// <param name="setting">Named in the error.</param>
    internal static Uri ParseServer(string text, string setting)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var server) || server.Scheme is not ("https" or "http"))
            throw new ConfigurationException($"{setting} gives '{text}' as the API server; it must be a URL such as https://10.0.0.1:6443.");
        if (server.Scheme == "http" && !IsLoopback(server))
            throw new ConfigurationException(
                $"{setting} gives '{text}' as the API server; plain http is only allowed on loopback, because tokens and secrets are sent. Use https.");
        return server;
    }

    private static bool IsLoopback(Uri server) =>
        server.IdnHost == "localhost" || (IPAddress.TryParse(server.IdnHost, out var address) && IPAddress.IsLoopback(address));
}
