using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Model.Addresses;
using Ambient.Model.Routes;
using Ambient.Model.Workloads;
using Ambient.TestKit;
using Ambient.Waypoint.Tests.Scenes;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>Services that choose no server, as ServiceEntries without resolution: what was dialled is who is meant.</summary>
public sealed class PassthroughTests : IAsyncLifetime
{
    private const string Range = "127.9.64.0/24";

    private readonly ReservedPort _port = new();
    private readonly List<EchoServer> _servers = [];
    private WaypointScene _scene = null!;

    public async ValueTask InitializeAsync()
    {
        _scene = await StartAsync();
        foreach (var (name, address) in new[] { ("one", "127.9.64.1"), ("two", "127.9.64.2") }) _servers.Add(new(name, new(IPAddress.Parse(address), _port.Number)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
        await _scene.DisposeAsync();
        _port.Dispose();
    }

    [Theory]
    [InlineData(AppProtocol.Http11)]
    [InlineData(AppProtocol.Tcp)]
    [InlineData(AppProtocol.Unknown)]
    public async Task Each_address_of_a_range_leads_to_itself(AppProtocol protocol)
    {
        Know(Range, protocol);

        foreach (var server in _servers) Assert.Equal(server.Name, await AskAsync(server.Address.Address));
        Assert.Equal([1, 1], _servers.Select(static server => server.Requests));
    }

    [Fact]
    public async Task Its_routes_and_policies_hold()
    {
        Know(Range, AppProtocol.Http11);
        _scene.Route("outside", "outside", Rule(RouteMatch.Everything, new()
        {
            RequestEdits = new() { Set = [new("x-way", "out")] }, Backends = [new() { Service = KeyOf("outside"), Port = (ushort)_port.Number }],
        }));

        Assert.Equal("two", await AskAsync(_servers[1].Address.Address));
        Assert.Contains("x-way: out", _servers[1].Seen.Single(), StringComparison.OrdinalIgnoreCase);

        _scene.Policy("nobody", Model.Policies.PolicyAction.Deny, new() { Request = new() { Methods = [TextMatch.Exact("GET")] } });
        Assert.Equal("403", await AskAsync(_servers[1].Address.Address));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_503_and_nobody_elses_fault()
    {
        Know(Range, AppProtocol.Http11);

        Assert.Equal("503", await AskAsync(IPAddress.Parse("127.9.64.3")));
        Assert.Equal("one", await AskAsync(_servers[0].Address.Address));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    public async Task The_waypoint_itself_is_in_no_range(string address)
    {
        Know("0.0.0.0/0", AppProtocol.Http11);
        await using var page = new EchoServer("page", new(IPAddress.Loopback, _port.Number));

        Assert.Equal("503", await AskAsync(IPAddress.Parse(address)));
        Assert.Equal(0, page.Requests);
    }

    private void Know(string range, AppProtocol protocol) => _scene.Parts.Rules.Mesh.Apply(new()
    {
        Services =
        [
            new Service
            {
                Name = "outside", Namespace = Namespace, Hostname = KeyOf("outside").Hostname, CidrVips = [new("", IpPrefix.Parse(range))],
                Ports = new(new PortMapping((ushort)_port.Number, (ushort)_port.Number, protocol)), Waypoint = new(KeyOf("waypoint"), 15008),
                LoadBalancing = new() { Mode = LoadBalancingMode.Passthrough, HealthPolicy = HealthPolicy.AllowAll },
            },
        ],
    });

    /// <returns>The name of who answered, or the status of the waypoint's own answer.</returns>
    private async Task<string> AskAsync(IPAddress address)
    {
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(await _scene.NodeOf().OpenAsync($"{address}:{_port.Number}"));
        await client.SendAsync("GET / HTTP/1.1\r\nHost: outside\r\nConnection: close\r\n\r\n"u8.ToArray());
        var (buffer, expiry) = (new byte[4096], new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System));
        var answer = Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer, expiry.Token));
        var name = answer.Split("x-server: ");
        return name.Length > 1 ? name[1].Split('\r')[0] : answer.Split(' ')[1];
    }
}
