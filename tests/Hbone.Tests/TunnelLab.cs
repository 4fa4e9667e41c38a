using System.Net;
using Ambient.Certificates;
using Ambient.Certificates.Authority;
using Ambient.Certificates.Store;
using Ambient.Hbone.Client;
using Ambient.Hbone.Server;
using Ambient.Hbone.Tunnels;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Model.Identities;
using Ambient.Tls;
using Ambient.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Hbone.Tests;

/// <summary>A client's loop and a server's loop in one process, real sockets, real certificates. What the server does is the test's.</summary>
internal sealed class TunnelLab : ITunnelServer, IAsyncDisposable
{
    public static readonly SpiffeId ClientId = new("cluster.local", "shop", "web");
    public static readonly SpiffeId ServerId = new("cluster.local", "shop", "cart");

    private readonly string _directory = Directory.CreateTempSubdirectory("ambient-hbone-").FullName;
    private LocalAuthority _authority = null!;
    private CertificateStore _store = null!;
    private readonly List<LoopSocket> _sockets = [];
    private AcceptLoop _accepting = null!;

    private TunnelLab(TimeProvider? clientTime, TimeProvider? serverTime)
    {
        ClientLoop = new("client", clientTime ?? TimeProvider.System);
        ServerLoop = new("server", serverTime ?? TimeProvider.System);
    }

    public EventLoop ClientLoop { get; }
    public EventLoop ServerLoop { get; }
    public TunnelOptions Options { get; } = new();
    public TunnelPool Pool { get; private set; } = null!;
    public TunnelAcceptor Acceptor { get; private set; } = null!;
    public TlsIdentities Identities { get; private set; } = null!;
    public TunnelDialer Dialer { get; private set; } = null!;
    public TlsOptions Tls { get; } = new();
    public IPEndPoint Address { get; private set; } = null!;
    public List<string> Refusals { get; } = [];
    public int Accepted;

    /// <summary>The server's end of the tunnel whose request was refused last.</summary>
    public Tunnel? Refused { get; private set; }

    public CertificateStore Certificates => _store;

    /// <summary>The clock of certificates and of who gives them; the loops have others.</summary>
    public TimeProvider CertificateTime { get; set; } = TimeProvider.System;

    /// <summary>What stands between the proxies and the authority.</summary>
    public Func<ICertificateSource, ICertificateSource> Source { get; set; } = static authority => authority;

    /// <summary>The files of the authority.</summary>
    public string AuthorityDirectory => _directory;

    /// <summary>As in the pool.</summary>
    public Action<IPEndPoint>? PeerLeaving { get; set; }

    /// <summary>Runs on the server's loop for each CONNECT; owns the stream.</summary>
    public Func<HboneStream, ConnectRequest, Task> Serve { get; set; } = EchoAsync;

    public TunnelKey Key => new(ClientId, IPAddress.Loopback, Address, [ServerId]);

    public static async Task<TunnelLab> StartAsync(
        Action<TunnelLab>? configure = null, TimeProvider? clientTime = null, TimeProvider? serverTime = null)
    {
        var lab = new TunnelLab(clientTime, serverTime);
        configure?.Invoke(lab);
        await lab.OpenAsync();
        return lab;
    }

    /// <summary>Opens a stream and runs <paramref name="use"/> with it, on the client's loop.</summary>
    public Task<T> WithStreamAsync<T>(Func<HboneStream, ValueTask<T>> use) => ClientLoop.RunAsync(async () =>
    {
        var result = await Pool.ConnectAsync(Key, new("10.0.0.1:80"));
        Assert.True(result.Stream is not null, result.Failure?.Message);
        using var stream = result.Stream;
        return await use(stream);
    });

    public Task<ConnectResult> ConnectAsync(TunnelKey? key = null, ConnectRequest? request = null, TimeSpan? patience = null) =>
        ClientLoop.RunAsync(() => Pool.ConnectAsync(key ?? Key, request ?? new("10.0.0.1:80"), patience));

    /// <summary>Waits for the network and the loops to bring it about; the test's own limit is the runner's.</summary>
    public async Task WaitUntilAsync(Func<bool> condition)
    {
        while (!await ClientLoop.RunAsync(() => ValueTask.FromResult(condition()))) await Task.Yield();
    }

    public Task<int> CountTunnelsAsync() => ClientLoop.RunAsync(() => ValueTask.FromResult(Pool.Count));

    /// <summary>Returns once the server's certificate is there.</summary>
    public Task ServerIdentityAsync() => Identities.FindAsync(ServerId).AsTask();

    /// <summary>Resets the server's end of every tunnel, as a crash would. On the server's loop.</summary>
    public void CutServerTunnels()
    {
        foreach (var socket in _sockets) socket.Abort();
        _sockets.Clear();
    }

    /// <summary>Lets <paramref name="loop"/> handle what has arrived.</summary>
    public static Task SettleAsync(EventLoop loop) => loop.RunAsync(async () =>
    {
        await loop.Yield();
        return 0;
    });

    /// <summary>Keeps a loop from doing anything until the result is disposed; returns once it is.</summary>
    public static IDisposable Stop(EventLoop loop)
    {
        var (stopped, goOn) = (new ManualResetEventSlim(), new ManualResetEventSlim());
        loop.Post(() =>
        {
            stopped.Set();
            goOn.Wait();
        });
        stopped.Wait();
        return new Stopped(goOn);
    }

    private sealed class Stopped(ManualResetEventSlim goOn) : IDisposable
    {
        public void Dispose() => goOn.Set();
    }

    public static async Task EchoAsync(HboneStream stream, ConnectRequest request)
    {
        using (stream)
        {
            stream.Respond(new(200));
            var chunk = GC.AllocateUninitializedArray<byte>(64 * 1024, pinned: true);
            while (stream.TryReceive([IoVector.Over(chunk)]) is { Status: IoStatus.Done or IoStatus.WouldBlock } got)
            {
                if (got.Bytes == 0) await stream.WaitReadableAsync();
                else await stream.WriteAsync(chunk, got.Bytes);
            }
            stream.FinishSending();
        }
    }

    void ITunnelServer.OnConnect(HboneStream stream, ConnectRequest request) => _ = Serve(stream, request);

    void ITunnelServer.OnRefused(Tunnel tunnel, string why)
    {
        Refused = tunnel;
        Refusals.Add(why);
    }

    public async ValueTask DisposeAsync()
    {
        await ClientLoop.RunAsync(() => { Pool.Close(TunnelEnd.Local); return ValueTask.CompletedTask; });
        await ServerLoop.RunAsync(() => { Acceptor.Close(TunnelEnd.Local); return ValueTask.CompletedTask; });
        await CloseListenerAsync();
        ClientLoop.Dispose();
        ServerLoop.Dispose();
        await _store.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task CloseListenerAsync()
    {
        await ServerLoop.SwitchTo();
        _accepting.Dispose();
    }

    private async Task OpenAsync()
    {
        _authority = await LocalAuthority.OpenAsync(_directory, new(), CertificateTime, CancellationToken.None);
        _store = new(Source(new DevelopmentAuthoritySource(_authority, TimeSpan.FromHours(1))), new(), CertificateTime, new Random(1),
            NullLogger<CertificateStore>.Instance);
        Identities = new(_store, Tls);
        Dialer = new(Identities, static to => OutgoingSocket.Open(to.AddressFamily, new()), Options);
        Pool = new(ClientLoop, Options, Dialer) { PeerLeaving = PeerLeaving };
        Acceptor = new(ServerLoop, Identities, Options);
        ClientLoop.UnhandledException = ServerLoop.UnhandledException = static error => Console.Error.WriteLine(error);
        ClientLoop.Start();
        ServerLoop.Start();
        await ServerLoop.RunAsync(() =>
        {
            var listener = ListeningSocket.Open(new(IPAddress.Loopback, 0), new());
            _accepting = AcceptLoop.Start(ServerLoop, listener, Accept);
            Address = _accepting.LocalName.ToEndPoint()!;
            return ValueTask.CompletedTask;
        });
    }

    private async void Accept(Descriptor connection, SocketName peer)
    {
        Accepted++;
        var socket = LoopSocket.Attach(ServerLoop, connection);
        _sockets.Add(socket);
        // One that drains serves no new connection: another one takes over, as after an upgrade.
        if (Acceptor.IsClosing) Acceptor = new(ServerLoop, Identities, Options);
        if (await Acceptor.ServeAsync(socket, ServerId, this) is { } failure)
            Refusals.Add($"{failure.Failure}: {failure.Message}");
    }
}

/// <summary>Reading and writing a stream from a test.</summary>
internal static class DuplexUse
{
    public static ValueTask WriteAsync(this Duplex stream, byte[] bytes)
    {
        var pinned = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(pinned, 0);
        return stream.WriteAsync(pinned, bytes.Length);
    }

    /// <summary>The first <paramref name="count"/> bytes; allocates nothing while the stream takes them at once.</summary>
    public static async ValueTask WriteAsync(this Duplex stream, byte[] pinned, int count)
    {
        for (var sent = 0; sent < count;)
        {
            var result = stream.TrySend([IoVector.Over(pinned.AsMemory(sent, count - sent))]);
            if (result.Status == IoStatus.WouldBlock) await stream.WaitWritableAsync();
            else if (result.Status == IoStatus.Done) sent += result.Bytes;
            else throw new IOException($"The stream is {result.Status}.");
        }
    }

    /// <summary>Up to <paramref name="count"/> bytes; fewer at the end.</summary>
    public static async ValueTask<byte[]> ReadAsync(this Duplex stream, int count)
    {
        var pinned = GC.AllocateUninitializedArray<byte>(count, pinned: true);
        var got = 0;
        while (got < count)
        {
            var result = stream.TryReceive([IoVector.Over(pinned.AsMemory(got))]);
            if (result.Status == IoStatus.WouldBlock) await stream.WaitReadableAsync();
            else if (result.Status == IoStatus.Done) got += result.Bytes;
            else if (result.Status == IoStatus.End) break;
            else throw new IOException($"The stream is {result.Status}.");
        }
        return pinned[..got];
    }
}
