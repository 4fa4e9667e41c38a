using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Hosting.Logging;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;
using Ambient.Model.State;
using Ambient.TestKit;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Node;
using Ambient.Ztunnel.Options;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Tests.Options;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>All the parts of a node proxy, without its pages and its agent, and the network namespace of a pod to serve.</summary>
internal sealed class PodScene : IAsyncDisposable
{
    public const int Outbound = 15001, Passthrough = 15006, Hbone = 15008, Dns = 15053;

    private readonly OptionsScene _directory = new();
    private readonly MemoryStream _output = new();
    private readonly ProcessLog _log;
    private readonly TemporaryNamespace _namespace = new();

    private PodScene() => _log = new(LogFormat.Plain, LogFilter.Parse("info"), _output, TimeProvider.System);

    public ZtunnelOptions Options { get; private set; } = null!;

    public NodeParts Parts { get; private set; } = null!;

    public MeshState Mesh { get; } = new();

    private const string Address = "10.1.0.2";

    public static PodInfo Info { get; } = new("uid-1", "server", "shop", "server");

    public PodSockets Sockets => SocketsIn(_namespace.Namespace);

    /// <summary>What was logged; complete once the scene has ended.</summary>
    public string Log => Encoding.UTF8.GetString(_output.ToArray());

    public PodSockets SocketsIn(NetworkNamespace netns) => new(netns, Options.Sockets, Options.Listeners);

    /// <summary>The pod's namespace once more, for who closes it.</summary>
    public NetworkNamespace OpenNamespace() => NetworkNamespace.Open(_namespace.Path);

    /// <param name="isKnown">Whether the control plane has told of the pod.</param>
    /// <param name="settings">Of the environment, beyond the usual.</param>
    public static async Task<PodScene> CreateAsync(bool isKnown = true, TimeProvider? time = null, params (string Name, string Value)[] settings)
    {
        var scene = new PodScene();
        foreach (var (name, value) in settings) scene._directory.Set(name, value);
        scene._directory.Set("LOCAL_XDS", "workloads: []").Set("XDS_ADDRESS", "").Set("AMBIENT_DEV_CA_DIR", Path.Combine(scene._directory.Directory, "authority"));
        scene.Options = scene._directory.Read(processors: 2);
        if (isKnown) scene.TellOfPod();
        scene.Parts = await NodeParts.CreateAsync(scene.Options, scene.Mesh, scene._log, time ?? TimeProvider.System, NullLogger.Instance);
        scene.Parts.Workers.Start();
        return scene;
    }

    public void TellOfPod() => Mesh.Apply(new() { Workloads = [.. new MeshBuilder().Workload("shop/server", Address).Build().Workloads] });

    public PodListeners OpenListeners() => PodListeners.Open(Sockets, Options.Listeners, Options.Dns, proxies: true);

    /// <summary>The tunnel port of another pod, which has <paramref name="address"/>.</summary>
    public Descriptor OpenPeer(IPAddress address)
    {
        _namespace.Ip("address", "add", $"{address}/32", "dev", "lo");
        return _namespace.Namespace.Run(() => ListeningSocket.Open(new(address, Hbone), new()));
    }

    /// <summary>An application of the pod, or of <paramref name="address"/>; clients inside the pod that dial it are captured.</summary>
    /// <param name="port">Where to: as plaintext from outside is, if not said otherwise.</param>
    public Socket OpenApplication(string address = Address, int port = Passthrough)
    {
        _namespace.Ip("address", "add", $"{address}/32", "dev", "lo");
        var application = NewSocket(SocketType.Stream, ProtocolType.Tcp);
        application.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        application.Listen();
        _namespace.Execute("nft", "add table ip lab; add chain ip lab out { type nat hook output priority -100; }; " +
            $"add rule ip lab out meta mark & 0xfff != 0x539 tcp dport {((IPEndPoint)application.LocalEndPoint!).Port} redirect to :{port}");
        return application;
    }

    /// <summary>A socket inside the pod.</summary>
    public Socket NewSocket(SocketType type, ProtocolType protocol) =>
        _namespace.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, type, protocol));

    /// <summary>Whether somebody inside the pod has asked for a connection there and has no answer yet.</summary>
    public bool IsDialling(int port) => _namespace.Namespace.Run(() => File.ReadLines("/proc/thread-self/net/tcp")
        .Any(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, var remote, "02", ..] && remote.EndsWith($":{port:X4}", StringComparison.Ordinal))); // SYN_SENT

    /// <summary>Whether a client inside the pod finds a listener there.</summary>
    public bool IsListening(int port) => _namespace.Namespace.Run(() =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException refusal) when (refusal.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    });

    public async ValueTask DisposeAsync()
    {
        await Parts.DisposeAsync();
        _namespace.Dispose();
        _log.Dispose();
        _directory.Dispose();
    }
}
