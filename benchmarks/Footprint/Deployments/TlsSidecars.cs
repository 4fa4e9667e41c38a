using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;
using Ambient.Load.Tunnel;

namespace Ambient.Footprint.Deployments;

/// <summary>A general-purpose proxy in each pod that takes TLS with client certificates; the client speaks TLS itself.</summary>
internal sealed class TlsSidecars : IDeployment
{
    private const int Port = 18101;

    private readonly NetworkLab _lab;
    private readonly LabPod _client;
    private readonly X509Certificate2 _identity;
    private readonly List<Daemon> _proxies = [];

    private TlsSidecars(NetworkLab lab, LabPod client, X509Certificate2 identity) => (_lab, _client, _identity) = (lab, client, identity);

    public IReadOnlyList<LabPod> Pods => _lab.Nodes[0].Pods;

    /// <summary>The proxies and what they started: nginx has a worker beneath its master.</summary>
    public IReadOnlyList<int> Processes => [.. _proxies.SelectMany(proxy => ProcessTree.Of(proxy.Id))];

    public static Task<TlsSidecars> HaProxyAsync(int pods) => StartAsync(pods, "haproxy.cfg", static _ => ["haproxy", "-db", "-f", "haproxy.cfg"]);

    public static Task<TlsSidecars> NginxAsync(int pods) => StartAsync(pods, "nginx.conf", static directory => ["nginx", "-p", directory + "/", "-c", Path.Combine(directory, "nginx.conf")]);

    public async Task<Stream> ConnectAsync(LabPod pod)
    {
        var tls = new SslStream(await _client.ConnectAsync(pod.Address.V4, Port));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            ClientCertificates = [_identity],
            TargetHost = "server.lab",
            RemoteCertificateValidationCallback = static (_, _, _, _) => true, // what the proxies cost is measured, not the client
        });
        return tls;
    }

    public async ValueTask DisposeAsync()
    {
        await _lab.DisposeAsync();
        _identity.Dispose();
    }

    private static async Task<TlsSidecars> StartAsync(int pods, string configuration, Func<string, string[]> command)
    {
        var lab = await NetworkLab.CreateAsync("n1", "n2");
        var certificates = lab.PathOf("certificates");
        Directory.CreateDirectory(certificates);
        PeerCertificates.Write(certificates);
        using var fromPem = X509Certificate2.CreateFromPemFile(Path.Combine(certificates, "client.pem"));
        var sidecars = new TlsSidecars(lab, await lab.Nodes[1].AddPodAsync("client"), X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), null));
        for (var i = 0; i < pods; i++)
        {
            var pod = await lab.Nodes[0].AddPodAsync($"p{i}");
            var directory = lab.PathOf(pod.Name);
            Directory.CreateDirectory(directory);
            foreach (var file in (string[])["server.pem", "ca.pem"]) File.Copy(Path.Combine(certificates, file), Path.Combine(directory, file));
            File.Copy(Path.Combine(AppContext.BaseDirectory, "peers", configuration), Path.Combine(directory, configuration));
            sidecars._proxies.Add(pod.Start("sidecar", "env", ["-C", directory, .. command(directory)]));
        }
        foreach (var pod in sidecars.Pods) await Until.TrueAsync(() => sidecars.AnswersAsync(pod), $"the sidecar of {pod.Name} listens");
        return sidecars;
    }

    private async Task<bool> AnswersAsync(LabPod pod)
    {
        try
        {
            await (await _client.ConnectAsync(pod.Address.V4, Port)).DisposeAsync();
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
