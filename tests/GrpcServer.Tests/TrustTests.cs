using Ambient.Grpc;
using Ambient.Grpc.Channel;
using Ambient.GrpcServer.Tests.Scenes;

namespace Ambient.GrpcServer.Tests;

public sealed class TrustTests : IDisposable
{
    private readonly string _rootFile = Path.GetTempFileName();
    private readonly TestAuthority _ours = new("ours"), _others = new("others");

    public void Dispose() => File.Delete(_rootFile);

    [Fact]
    public async Task A_server_of_another_authority_is_refused_until_its_root_is_in_the_file()
    {
        await using var server = await ServeAsync(_ours, "127.0.0.1");
        await File.WriteAllTextAsync(_rootFile, _others.RootPem);
        using var channel = Channel(server);

        var refusal = await Assert.ThrowsAsync<RpcException>(() => SayAsync(channel));
        await File.WriteAllTextAsync(_rootFile, _others.RootPem + "\n" + _ours.RootPem);

        Assert.Equal(StatusCode.Unavailable, refusal.Code);
        Assert.Contains("not trusted", refusal.Detail);
        Assert.Equal("hello", await SayAsync(channel));
    }

    [Fact]
    public async Task The_file_is_read_again_when_the_channel_reconnects()
    {
        var server = await ServeAsync(_ours, "127.0.0.1");
        await File.WriteAllTextAsync(_rootFile, _ours.RootPem);
        using var channel = Channel(server);
        Assert.Equal("hello", await SayAsync(channel));

        await File.WriteAllTextAsync(_rootFile, _others.RootPem);
        Assert.Equal("hello", await SayAsync(channel)); // the connection stands
        await server.DisposeAsync();
        await using var successor = await ServeAsync(_ours, "127.0.0.1", server.Address.Port);

        // The first call may still meet the old connection's end, which is unavailable as well.
        var refusal = await Assert.ThrowsAsync<RpcException>(() => SayAsync(channel));
        if (!refusal.Detail.Contains("not trusted")) refusal = await Assert.ThrowsAsync<RpcException>(() => SayAsync(channel));
        Assert.Contains("not trusted", refusal.Detail);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----")]
    public async Task A_root_file_without_a_certificate_is_named(string content)
    {
        await using var server = await ServeAsync(_ours, "127.0.0.1");
        await File.WriteAllTextAsync(_rootFile, content);
        using var channel = Channel(server);

        Assert.Contains(_rootFile, (await Assert.ThrowsAsync<RpcException>(() => SayAsync(channel))).Detail);
    }

    [Fact]
    public async Task A_root_file_that_is_missing_is_named()
    {
        await using var server = await ServeAsync(_ours, "127.0.0.1");
        using var channel = Calls.ChannelTo(server.Address, static options => new() { Address = options.Address, Roots = ServerRoots.File("/nowhere/root.pem") });

        Assert.Contains("/nowhere/root.pem", (await Assert.ThrowsAsync<RpcException>(() => SayAsync(channel))).Detail);
    }

    [Fact]
    public async Task The_certificate_must_be_for_the_host_or_the_alternative_name()
    {
        await using var server = await ServeAsync(_ours, "istiod.istio-system.svc");
        await File.WriteAllTextAsync(_rootFile, _ours.RootPem);
        using var plain = Channel(server);
        using var alternative = Calls.ChannelTo(server.Address, options => new()
        {
            Address = options.Address, Roots = ServerRoots.File(_rootFile), AlternativeHostName = "istiod.istio-system.svc",
        });

        Assert.Contains("not for 127.0.0.1", (await Assert.ThrowsAsync<RpcException>(() => SayAsync(plain))).Detail);
        Assert.Equal("hello", await SayAsync(alternative));
    }

    [Fact]
    public async Task The_machines_own_roots_do_not_vouch_for_a_private_authority()
    {
        await using var server = await ServeAsync(_ours, "127.0.0.1");
        using var channel = Calls.ChannelTo(server.Address);

        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => SayAsync(channel))).Code);
    }

    [Fact]
    public async Task Roots_may_be_given_as_text()
    {
        await using var server = await ServeAsync(_ours, "127.0.0.1");
        using var channel = Calls.ChannelTo(server.Address, options => new() { Address = options.Address, Roots = ServerRoots.Pem(_ours.RootPem) });

        Assert.Equal("hello", await SayAsync(channel));
    }

    [Theory]
    [InlineData("http://10.0.0.1:15010")]
    [InlineData("http://istiod.istio-system.svc:15010")]
    [InlineData("ftp://127.0.0.1")]
    public void Plaintext_leaves_the_machine_never(string address) =>
        Assert.Throws<ArgumentException>(() => Calls.ChannelTo(new(address)));

    private GrpcChannel Channel(TestServer server) =>
        Calls.ChannelTo(server.Address, options => new() { Address = options.Address, Roots = ServerRoots.File(_rootFile) });

    private static Task<TestServer> ServeAsync(TestAuthority authority, string name, int port = 0) => TestServer.StartAsync(
        app => app.MapUnary(Calls.Say, (request, _) => Task.FromResult(request)), authority.Issue(name), port: port);

    private static Task<string> SayAsync(GrpcChannel channel) => channel.UnaryAsync(Calls.Say, "hello", null, null, default);
}
