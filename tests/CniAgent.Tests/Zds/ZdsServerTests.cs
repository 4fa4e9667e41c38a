using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.Zds;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Protos.Zds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.Zds;

public sealed class ZdsServerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("agt").FullName;
    private readonly PodRegistry _registry = new();
    private readonly ZdsServer _server;
    private readonly SemaphoreSlim _connected = new(0);

    public ZdsServerTests()
    {
        var options = new ZdsOptions { AcceptInterval = TimeSpan.Zero, Deadline = TimeSpan.FromSeconds(5), LivenessInterval = TimeSpan.FromMilliseconds(50) };
        _server = new ZdsServer(SocketPath, _registry, options, TimeProvider.System, NullLogger<ZdsServer>.Instance);
        _server.Connected += () => _connected.Release();
        _server.Start();
    }

    private string SocketPath => Path.Combine(_directory, "ztunnel.sock");

    public void Dispose()
    {
        _server.Dispose();
        _registry.Dispose();
        _connected.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<TestProxy> JoinAsync(params string[] expected)
    {
        var (proxy, snapshot) = TestProxy.Join(SocketPath);
        Assert.Equal(expected, snapshot.Order());
        Assert.True(await _connected.WaitAsync(PodLab.Patience));
        return proxy;
    }

    private void Hold(string uid, bool withNamespace = true) =>
        _registry.Hold(Spec(uid), withNamespace ? NetworkNamespace.Current() : null);

    private static PodSpec Spec(string uid) => new(uid, "web-0", "shop", "web", "/proc/self/ns/net", [], PodLab.Defaults);

    [Fact]
    public async Task A_proxy_that_connects_is_told_every_pod_and_keeps_those_without_namespace()
    {
        Hold("a");
        Hold("b", withNamespace: false);

        using var proxy = await JoinAsync("a", "keep b");
    }

    [Fact]
    public async Task Add_carries_the_namespace_and_ends_with_the_answer()
    {
        using var proxy = await JoinAsync();
        Hold("a");

        var add = _server.AddAsync("a");
        var request = proxy.Next();
        Assert.False(add.IsCompleted);
        proxy.Acknowledge();
        await add.WaitAsync(PodLab.Patience);

        Assert.Equal(("a", "web-0", "shop", "web"), (request.Add.Uid, request.Add.WorkloadInfo.Name,
            request.Add.WorkloadInfo.Namespace, request.Add.WorkloadInfo.ServiceAccount));
        using var ours = NetworkNamespace.Current();
        Assert.Equal(ours.Key, proxy.Received);
    }

    // As when the agent is out of descriptors: whoever asked would wait for ever, and its pod stay closed.
    [Fact]
    public async Task A_namespace_that_cannot_be_passed_on_ends_the_request_and_the_connection()
    {
        using var proxy = await JoinAsync();
        var far = Far();
        var number = far.Value;
        _registry.Hold(Spec("a"), NetworkNamespace.FromDescriptor(far));
        new Descriptor(number).Dispose(); // beneath the registry

        var error = await Assert.ThrowsAsync<ZdsException>(() => _server.AddAsync("a").WaitAsync(PodLab.Patience));

        Assert.Equal(ZdsFailure.ConnectionLost, error.Failure);
        Assert.True(proxy.IsClosedByAgent());
    }

    // The kernel gives the lowest number that is free, so nobody else has one as high as this.
    private static Descriptor Far()
    {
        using var ours = NetworkNamespace.Current();
        var all = new List<Descriptor> { ours.Descriptor.Duplicate() };
        while (all[^1].Value < 500) all.Add(ours.Descriptor.Duplicate());
        all[..^1].ForEach(static nearer => nearer.Dispose());
        return all[^1];
    }

    [Fact]
    public async Task What_the_proxy_answers_reaches_who_asked()
    {
        using var proxy = await JoinAsync();
        Hold("a");

        var add = _server.AddAsync("a");
        proxy.Next();
        proxy.Acknowledge("port 15001 is taken");

        var error = await Assert.ThrowsAsync<ZdsException>(() => add);
        Assert.Equal(ZdsFailure.Refused, error.Failure);
        Assert.Contains("port 15001 is taken", error.Message);
    }

    [Fact]
    public async Task Without_a_proxy_adding_says_so_and_deleting_is_done()
    {
        var error = await Assert.ThrowsAsync<ZdsException>(() => _server.AddAsync("a"));

        Assert.Equal(ZdsFailure.NotConnected, error.Failure);
        await _server.DeleteAsync("a");
    }

    [Fact]
    public async Task Adds_go_to_the_newest_proxy_and_deletes_to_all()
    {
        using var old = await JoinAsync();
        using var young = await JoinAsync();
        Hold("a");

        var add = _server.AddAsync("a");
        Assert.Equal("a", young.Next().Add.Uid);
        young.Acknowledge();
        await add.WaitAsync(PodLab.Patience);
        _registry.Drop("a");
        var delete = _server.DeleteAsync("a");
        foreach (var proxy in new[] { young, old })
        {
            Assert.Equal("a", proxy.Next().Del.Uid);
            proxy.Acknowledge();
        }

        await delete.WaitAsync(PodLab.Patience);
    }

    [Fact]
    public async Task When_the_newest_goes_the_one_before_takes_over()
    {
        using var old = await JoinAsync();
        var young = await JoinAsync();
        Hold("a");

        young.Dispose();
        Assert.True(await _connected.WaitAsync(PodLab.Patience));
        var add = _server.AddAsync("a");
        Assert.Equal("a", old.Next().Add.Uid);
        old.Acknowledge();

        await add.WaitAsync(PodLab.Patience);
        Assert.Equal(1, _server.ConnectionCount);
    }

    [Fact]
    public async Task A_request_fails_when_its_proxy_goes_away()
    {
        var proxy = await JoinAsync();
        Hold("a");

        var add = _server.AddAsync("a");
        proxy.Next();
        proxy.Dispose();

        var error = await Assert.ThrowsAsync<ZdsException>(() => add.WaitAsync(PodLab.Patience));
        Assert.Equal(ZdsFailure.ConnectionLost, error.Failure);
    }

    [Fact]
    public async Task A_pod_that_is_deleted_while_a_proxy_joins_does_not_stop_the_snapshot()
    {
        Hold("a");
        Hold("b");
        using var proxy = TestProxy.Connect(SocketPath);
        var first = proxy.Next().Add.Uid;
        var other = first == "a" ? "b" : "a";

        _registry.Drop(other);
        var delete = _server.DeleteAsync(other);
        proxy.Acknowledge();
        Assert.Equal(WorkloadRequest.PayloadOneofCase.SnapshotSent, proxy.Next().PayloadCase);
        proxy.Acknowledge();
        Assert.Equal(other, proxy.Next().Del.Uid);
        proxy.Acknowledge();

        await delete.WaitAsync(PodLab.Patience);
    }

    [Fact]
    public async Task A_proxy_that_speaks_without_being_asked_is_dropped()
    {
        using var proxy = await JoinAsync();

        proxy.Acknowledge();

        Assert.True(proxy.IsClosedByAgent());
    }

    [Theory, InlineData(0), InlineData(2)]
    public void A_proxy_of_another_version_is_dropped(int version)
    {
        using var proxy = TestProxy.Connect(SocketPath, sayHello: false);

        proxy.Send(new ZdsHello { Version = (Protos.Zds.Version)version });

        Assert.True(proxy.IsClosedByAgent());
    }

    [Fact]
    public async Task An_answer_that_is_too_long_or_none_ends_the_connection_with_a_reason()
    {
        using var proxy = await JoinAsync();
        Hold("a");

        var add = _server.AddAsync("a");
        proxy.Next();
        proxy.Acknowledge(new string('x', 2000));

        var error = await Assert.ThrowsAsync<ZdsException>(() => add.WaitAsync(PodLab.Patience));
        Assert.Contains("1024", error.Message);
        Assert.True(proxy.IsClosedByAgent());
    }

    [Fact]
    public async Task Rubbish_instead_of_a_hello_does_not_keep_the_next_proxy_out()
    {
        using var rubbish = TestProxy.Connect(SocketPath, sayHello: false);
        rubbish.Socket.Send([0xFF, 0xFF, 0xFF], null, PodLab.Patience);
        Assert.True(rubbish.IsClosedByAgent());

        using var proxy = await JoinAsync();
    }
}
