using Ambient.EndToEnd.Tests.Semantics;
using Ambient.EndToEnd.Tests.Sockets;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Random sequences of what two applications can do to a connection: each sees the same with the mesh as without.</summary>
public sealed class TcpSemanticsTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Applications_see_the_same_with_and_without_the_mesh(int seed)
    {
        var play = Play.Random(seed);

        var without = await PlayRun.RunAsync(play, fixture.PlainHere, fixture.PlainThere, 8080);
        var with = await PlayRun.RunAsync(play, fixture.Web, fixture.Cart, 8080);

        Assert.Equal(without, with);
    }

    [Fact]
    public async Task A_reset_reaches_the_other_application_as_a_reset()
    {
        foreach (var clientResets in new[] { true, false })
        {
            var play = new Play([new(Actor.Client, Deed.Send, 10), new(Actor.Server, Deed.Send, 10), new(clientResets ? Actor.Client : Actor.Server, Deed.Reset, 0)]);

            var seen = await PlayRun.RunAsync(play, fixture.Web, fixture.Cart, 8081);

            Assert.Contains(clientResets ? "server: reset" : "client: reset", seen, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_that_speaks_first_is_heard()
    {
        await using var server = PodServer.Greet(fixture.Cart, 8082, "I speak first");

        using var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8082));

        Assert.Equal("I speak first", await socket.ReadToEndAsync());
    }
}
