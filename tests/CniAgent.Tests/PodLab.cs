using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.Redirection;
using Ambient.Linux.Namespaces;

namespace Ambient.CniAgent.Tests;

/// <summary>A pod and a peer: two network namespaces joined by a cable, with IPv4 and IPv6; the peer has a second address of each, which stands for the node.</summary>
internal sealed class PodLab : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    public const int Mark = 0x539;
    private static int _created;

    private readonly string _podName, _peerName;

    static PodLab() => Sweep();

    public PodLab()
    {
        var id = $"agt-{Environment.ProcessId}-{Interlocked.Increment(ref _created)}";
        (_podName, _peerName) = ($"{id}-pod", $"{id}-peer");
        Ip($"netns add {_podName}");
        Ip($"netns add {_peerName}");
        Ip($"link add eth0 netns {_podName} type veth peer name eth0 netns {_peerName}");
        foreach (var (name, number) in new[] { (_podName, 1), (_peerName, 2) })
        {
            Ip($"-n {name} link set lo up");
            Ip($"-n {name} link set eth0 up");
            Ip($"-n {name} addr add 10.77.0.{number}/24 dev eth0");
            Ip($"-n {name} addr add fd77::{number}/64 dev eth0 nodad");
        }
        Ip($"-n {_peerName} addr add 10.77.0.3/24 dev eth0");
        // Deprecated, so that it is nobody's source unasked.
        Ip($"-n {_peerName} addr add fd77::3/64 dev eth0 nodad preferred_lft 0");
        Pod = NetworkNamespace.Open(PodPath);
        Peer = NetworkNamespace.Open($"/run/netns/{_peerName}");
    }

    public NetworkNamespace Pod { get; }

    public NetworkNamespace Peer { get; }

    public string PodPath => $"/run/netns/{_podName}";

    public static RedirectSettings Defaults { get; } = new(CaptureDns: true, BypassInbound: false, [], []);

    public static IPAddress PodAddress(bool v6) => IPAddress.Parse(v6 ? "fd77::1" : "10.77.0.1");

    public static IPAddress PeerAddress(bool v6) => IPAddress.Parse(v6 ? "fd77::2" : "10.77.0.2");

    /// <summary>Where the node's own programs call from, in these tests: the peer's second addresses.</summary>
    public static IPAddress NodeAddress(bool v6) => IPAddress.Parse(v6 ? "fd77::3" : "10.77.0.3");

    public static NodeAddressSet Node() => new([$"{NodeAddress(false)}"], [$"{NodeAddress(true)}"]);

    public PodSpec Spec(string uid = "uid-1") => new(uid, "web-0", "shop", "web", PodPath, [], Defaults);

    public string InPod(string program, string arguments) => Run("ip", $"netns exec {_podName} {program} {arguments}");

    /// <summary>Listens on both families, with the mark that the node proxy's listeners have if asked for.</summary>
    public static Socket Listen(NetworkNamespace where, int port, bool marked = false)
    {
        var socket = Create(where, SocketType.Stream, v6: true, marked);
        socket.DualMode = true;
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        socket.Listen(16);
        return socket;
    }

    public static async Task<Socket> ConnectAsync(
        NetworkNamespace where, IPAddress to, int port, bool marked = false, IPAddress? source = null)
    {
        var v6 = to.AddressFamily == AddressFamily.InterNetworkV6;
        var socket = Create(where, SocketType.Stream, v6, marked);
        try
        {
            if (source is not null)
            {
                // IP(V6)_TRANSPARENT and IP(V6)_FREEBIND, <linux/in.h> and <linux/in6.h>
                foreach (var (level, option) in v6 ? [(41, 75), (41, 78)] : new[] { (0, 19), (0, 15) })
                    socket.SetRawSocketOption(level, option, BitConverter.GetBytes(1));
                socket.Bind(new IPEndPoint(source, 0));
            }
            await socket.ConnectAsync(to, port).WaitAsync(Patience);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static Socket Create(NetworkNamespace where, SocketType type, bool v6, bool marked)
    {
        var socket = where.Run(() => new Socket(
            v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp));
        if (marked)
            SetMark(socket);
        return socket;
    }

    public static void SetMark(Socket socket) => socket.SetRawSocketOption(1, 36, BitConverter.GetBytes(Mark)); // SOL_SOCKET, SO_MARK

    /// <summary>Where a redirected connection was headed.</summary>
    public static IPEndPoint OriginalTarget(Socket accepted)
    {
        var v6 = accepted.RemoteEndPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: false };
        var raw = new byte[28];
        accepted.GetRawSocketOption(v6 ? 41 : 0, 80, raw);
        var port = raw[2] << 8 | raw[3];
        return new IPEndPoint(new IPAddress(v6 ? raw.AsSpan(8, 16) : raw.AsSpan(4, 4)), port);
    }

    public static Task<Socket> AcceptAsync(Socket listener) => listener.AcceptAsync().WaitAsync(Patience);

    public static async Task AssertTheyTalkAsync(Socket a, Socket b)
    {
        await a.SendAsync("ping"u8.ToArray());
        Assert.Equal("ping", await ReceiveAsync(b));
        await b.SendAsync("pong"u8.ToArray());
        Assert.Equal("pong", await ReceiveAsync(a));
    }

    public static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[64];
        var read = await socket.ReceiveAsync(buffer).WaitAsync(Patience);
        return System.Text.Encoding.ASCII.GetString(buffer, 0, read);
    }

    public static async Task AssertRefusedAsync(NetworkNamespace where, IPAddress to, int port)
    {
        var error = await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(where, to, port));
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    public void Dispose()
    {
        Pod.Dispose();
        Peer.Dispose();
        Ip($"netns del {_podName}");
        Ip($"netns del {_peerName}");
    }

    // Tests that were stopped in their midst removed nothing. Another process may be at it too.
    private static void Sweep()
    {
        foreach (var name in Directory.Exists("/run/netns") ? Directory.GetFiles("/run/netns", "agt-*").Select(Path.GetFileName) : [])
        {
            if (Directory.Exists($"/proc/{name!.Split('-')[1]}"))
                continue;
            using var process = Process.Start(new ProcessStartInfo("ip", $"netns del {name}") { RedirectStandardError = true })!;
            process.WaitForExit();
        }
    }

    public static string Ip(string arguments) => Run("ip", arguments);

    private static string Run(string program, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {arguments}: {error.GetAwaiter().GetResult()}");
        return output;
    }
}
