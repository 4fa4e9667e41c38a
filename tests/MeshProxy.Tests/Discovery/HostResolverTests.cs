using System.Net;
using System.Net.Sockets;
using Ambient.MeshProxy.Discovery;
using Ambient.TestKit;

namespace Ambient.MeshProxy.Tests.Discovery;

public sealed class HostResolverTests
{
    private readonly ManualTime _time = new();
    private readonly List<TaskCompletionSource<IPAddress[]>> _lookups = [];

    [Fact]
    public async Task Those_who_ask_while_a_name_is_looked_up_wait_for_the_same_answer()
    {
        var resolver = Create();

        var asked = Enumerable.Range(0, 100).Select(_ => resolver.ResolveAsync("db.example.com", AddressFamily.InterNetwork).AsTask()).ToList();
        foreach (var lookup in _lookups) lookup.SetResult([IPAddress.Parse("10.0.0.1")]);

        foreach (var one in asked) Assert.Equal(IPAddress.Parse("10.0.0.1"), await one);
        Assert.Single(_lookups);
    }

    [Fact]
    public async Task An_answer_is_kept_for_30_seconds()
    {
        var resolver = Create();
        foreach (var address in new[] { "10.0.0.1", "10.0.0.2" })
        {
            var first = resolver.ResolveAsync("db.example.com", AddressFamily.InterNetwork);
            _lookups[^1].SetResult([IPAddress.Parse(address)]);

            Assert.Equal(IPAddress.Parse(address), await first);
            Assert.Equal(IPAddress.Parse(address), await resolver.ResolveAsync("DB.example.com", AddressFamily.InterNetwork));
            _time.Advance(TimeSpan.FromSeconds(31));
        }

        Assert.Equal(2, _lookups.Count);
    }

    [Fact]
    public async Task A_failure_is_not_kept()
    {
        var resolver = Create();
        var first = resolver.ResolveAsync("db.example.com", AddressFamily.InterNetwork);
        _lookups[0].SetException(new SocketException((int)SocketError.HostNotFound));
        Assert.Null(await first);

        var second = resolver.ResolveAsync("db.example.com", AddressFamily.InterNetwork);
        _lookups[1].SetResult([IPAddress.Parse("10.0.0.1")]);

        Assert.NotNull(await second);
    }

    [Fact]
    public async Task Nobody_is_waited_for_longer_than_5_seconds()
    {
        var resolver = Create();
        var asked = resolver.ResolveAsync("db.example.com", AddressFamily.InterNetwork);

        _time.Advance(TimeSpan.FromSeconds(5.01));

        Assert.Null(await asked);
    }

    [Fact]
    public async Task The_preferred_family_goes_first()
    {
        var resolver = Create();
        var asked = resolver.ResolveAsync("db.example.com", AddressFamily.InterNetworkV6);
        _lookups[0].SetResult([IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1")]);

        Assert.Equal(IPAddress.Parse("fd00::1"), await asked);
        Assert.Equal(IPAddress.Parse("10.0.0.1"), await resolver.ResolveAsync("db.example.com", AddressFamily.InterNetwork));
    }

    private HostResolver Create() => new(_time, new(1), (_, patience) =>
    {
        var lookup = new TaskCompletionSource<IPAddress[]>();
        patience.Register(() => lookup.TrySetCanceled(patience));
        _lookups.Add(lookup);
        return lookup.Task;
    });
}
