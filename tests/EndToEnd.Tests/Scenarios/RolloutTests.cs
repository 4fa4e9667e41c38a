using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Network;

namespace Ambient.EndToEnd.Tests.Scenarios;

public sealed class RolloutFixture : MeshFixture, IAsyncLifetime
{
    public static readonly IPEndPoint Address = IPEndPoint.Parse("10.96.0.30:80");

    /// <summary>The pods of the service as the proxies are told; the test decides when.</summary>
    public List<LabPod> Told { get; } = [];

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        Mesh.Services.Add(new("rolled", "shop", [$"{Address.Address}"], new Dictionary<int, int> { [80] = 8080 }, Told));
        await Mesh.PublishAsync();
    }
}

/// <summary>Pods of a service are replaced under new connections while the proxies learn of it late.</summary>
public sealed class RolloutTests(RolloutFixture fixture) : IClassFixture<RolloutFixture>
{
    private static readonly TimeSpan Lateness = TimeSpan.FromSeconds(2);
    private readonly List<(LabPod Pod, PodServer Server)> _backends = [];
    private int _started;

    [Theory]
    [InlineData("proxy first")]
    [InlineData("application first")]
    [InlineData("no farewell")]
    public async Task Replacing_one_backend_after_the_other_fails_no_connection(string order)
    {
        await StartWithAsync(3);
        await using var traffic = new Traffic(fixture.Web);

        for (var step = 0; step < 3; step++)
        {
            await AddBackendAsync();
            await EndBackendAsync(order, traffic);
            await Task.Delay(Lateness, TimeProvider.System);
            await TellAsync();
        }

        await traffic.AssertAllSucceededAsync();
        await EndAllAsync();
    }

    [Fact]
    public async Task A_connection_to_pods_that_are_all_gone_waits_for_news_of_their_successors()
    {
        await StartWithAsync(2);
        await EndBackendAsync("application first");
        await EndBackendAsync("no farewell");
        await AddBackendAsync();

        var asking = Task.Run(async () =>
        {
            using var socket = await fixture.Web.ConnectAsync(RolloutFixture.Address);
            return await socket.AskAsync("anybody left?");
        });
        await TellAsync();

        Assert.Equal("anybody left?", await asking);
        await EndAllAsync();
    }

    private async Task StartWithAsync(int backends)
    {
        for (var i = 0; i < backends; i++) await AddBackendAsync();
        await TellAsync();
    }

    private async Task AddBackendAsync()
    {
        var node = _started % 2 == 0 ? fixture.There : fixture.Here;
        var pod = await fixture.Mesh.AddEnrolledPodAsync(node, $"rolled-{Guid.NewGuid().ToString("N")[..6]}-{_started++}", "rolled", "shop");
        _backends.Add((pod, PodServer.Echo(pod, 8080)));
    }

    /// <summary>
    /// The oldest: its application, its proxy and its network go; nobody is told. What an application breaks off itself is no matter
    /// of the mesh, so it ends while it has no connection.
    /// </summary>
    private async Task EndBackendAsync(string order, Traffic? traffic = null)
    {
        var (pod, server) = _backends[0];
        _backends.RemoveAt(0);
        if (order == "proxy first") await fixture.Mesh.NodeOf(pod).ReleaseAsync(pod);
        if (traffic is not null) await traffic.PauseAsync();
        await server.DisposeAsync();
        if (order == "no farewell") await pod.Node.RemovePodAsync(pod);
        traffic?.GoOn();
        if (order != "proxy first") await fixture.Mesh.NodeOf(pod).ReleaseAsync(pod);
        if (order != "no farewell") await pod.Node.RemovePodAsync(pod);
    }

    private Task TellAsync()
    {
        fixture.Told.Clear();
        fixture.Told.AddRange(_backends.Select(backend => backend.Pod));
        return fixture.Mesh.PublishAsync();
    }

    private async Task EndAllAsync()
    {
        while (_backends.Count > 0) await EndBackendAsync("application first");
        await TellAsync();
    }

    /// <summary>New connections all the time, each of which must get its bytes back.</summary>
    private sealed class Traffic : IAsyncDisposable
    {
        private const int Callers = 4;

        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentQueue<string> _failures = [];
        private readonly SemaphoreSlim _turns = new(Callers);
        private readonly Task _running;
        private int _connections;

        public Traffic(LabPod from) => _running = Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(() => RunAsync(from))));

        /// <summary>Returns once no connection is open; none is opened until <see cref="GoOn"/>.</summary>
        public async Task PauseAsync()
        {
            for (var i = 0; i < Callers; i++) await _turns.WaitAsync();
        }

        public void GoOn() => _turns.Release(Callers);

        public async Task AssertAllSucceededAsync()
        {
            await DisposeAsync();
            Assert.True(_failures.IsEmpty, $"{_failures.Count} of {_connections} connections failed: {string.Join("; ", _failures.Take(5))}");
            Assert.InRange(_connections, 20, int.MaxValue);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }

        private async Task RunAsync(LabPod from)
        {
            while (!_stop.IsCancellationRequested)
            {
                await _turns.WaitAsync();
                await ConnectAsync(from);
                _turns.Release();
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            }
        }

        private async Task ConnectAsync(LabPod from)
        {
            Interlocked.Increment(ref _connections);
            try
            {
                using var socket = await from.ConnectAsync(RolloutFixture.Address);
                if (await socket.AskAsync("hello") != "hello") _failures.Enqueue("no answer");
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException)
            {
                _failures.Enqueue(failure.Message);
            }
        }
    }
}
