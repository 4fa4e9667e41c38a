using System.Net;
using Ambient.Model.Connections;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.TestKit;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Proxying;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Ztunnel.Tests.Proxying;

/// <summary>A workload may name a policy that comes a moment later.</summary>
public sealed class AuthorizerTests
{
    private static readonly IPAddress Client = IPAddress.Parse("10.0.0.1"), Server = IPAddress.Parse("10.0.0.2");
    private static readonly Workload Cart = new()
    {
        Uid = "c//Pod/shop/cart", Name = "cart", Namespace = "shop", ServiceAccount = "cart", Addresses = [Server], AuthorizationPolicies = ["shop/open"],
    };

    private readonly ManualTime _time = new();
    private readonly MeshState _mesh = new();
    private readonly Authorizer _authorizer;

    public AuthorizerTests()
    {
        _authorizer = new(_mesh, _time, LogLevel.Debug, NullLogger<Authorizer>.Instance);
        _mesh.Apply(new() { Workloads = [Cart] });
    }

    [Fact]
    public async Task A_new_connection_waits_for_the_policy_that_its_workload_names()
    {
        var judged = _authorizer.JudgeNewAsync(Cart, Connection()).AsTask();
        Assert.False(judged.IsCompleted);

        _mesh.Apply(new() { Policies = [new("shop/open", Everybody)] });

        Assert.True((await judged).IsAllowed);
    }

    [Fact]
    public async Task A_new_connection_is_refused_when_the_policy_does_not_come()
    {
        var judged = _authorizer.JudgeNewAsync(Cart, Connection()).AsTask();

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(ReasonCode.PolicyMissing, (await judged).Reason);
    }

    [Fact]
    public async Task A_workload_that_stops_naming_it_decides_without_it()
    {
        var judged = _authorizer.JudgeNewAsync(Cart, Connection()).AsTask();

        _mesh.Apply(new() { Workloads = [Cart with { AuthorizationPolicies = [] }] });

        Assert.True((await judged).IsAllowed);
    }

    // Who sets a connection up waits, for the application and before, and knows the workload from before that.
    [Fact]
    public void A_policy_that_was_attached_meanwhile_decides()
    {
        var known = Cart with { AuthorizationPolicies = [] };
        _mesh.Apply(new() { Workloads = [known] });
        Assert.True(_authorizer.Judge(known, Connection()).IsAllowed);

        _mesh.Apply(new() { Workloads = [Cart], Policies = [new("shop/open", Everybody with { Action = PolicyAction.Deny })] });

        Assert.False(_authorizer.Judge(known, Connection()).IsAllowed);
    }

    [Fact]
    public void An_open_connection_goes_on_while_a_policy_is_missing_and_is_cut_by_one_that_denies()
    {
        Assert.Equal(ReasonCode.None, _authorizer.Rejudge(Facts()));

        _mesh.Apply(new() { Policies = [new("shop/open", Everybody with { Action = PolicyAction.Deny })] });

        Assert.Equal(ReasonCode.PolicyChanged, _authorizer.Rejudge(Facts()));
    }

    [Fact]
    public void An_open_connection_that_is_older_than_its_pods_entry_goes_on()
    {
        _mesh.Apply(new() { Policies = [new("shop/open", Everybody with { Action = PolicyAction.Deny })] });

        Assert.Equal(ReasonCode.None, _authorizer.Rejudge(Facts() with { IsOlder = true }));
    }

    private static AuthorizationPolicy Everybody => new()
    {
        Name = "open", Namespace = "shop", Scope = PolicyScope.WorkloadSelector, Rules = [new PolicyRule([])],
    };

    private static ConnectionAttributes Connection() => new(null, Client, Server, 8080);

    private static ConnectionFacts Facts() => new()
    {
        Direction = Direction.Inbound, Protocol = ConnectionProtocol.Tcp, PodUid = "uid", Source = new(Client, 40000), Destination = new(Server, 8080),
        Target = new(Server, 8080), DestinationWorkload = Cart,
    };
}
