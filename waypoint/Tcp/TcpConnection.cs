using System.Net;
using Ambient.Hbone.Tunnels;
using Ambient.HttpProxy.Resilience;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model.Policies;
using Ambient.Transport;
using Ambient.Waypoint.Inbound;
using Ambient.Waypoint.Routing;
using Ambient.Waypoint.Running;
using Ambient.Waypoint.Telemetry;

namespace Ambient.Waypoint.Tcp;

/// <summary>A connection that is not HTTP: policies as far as they are about connections, one of the servers, then bytes as they come.</summary>
internal sealed class TcpConnection(Worker worker, HboneStream stream, Client client, DialledTarget destination) : ICarried, IRelayOwner
{
    private const int Attempts = 3, MaxGreeting = 4096; // bytes, fewer than any client's window

    private readonly List<UpstreamEndpoint> _tried = [];
    private readonly ByteCounters _bytes = new();
    private readonly long _began = worker.Loop.Time.GetTimestamp();
    private Duplex? _upstream;
    private NewsWait? _news;
    private RequestGate? _gate; // it is inside
    private bool _isTooMany;
    private TcpTally? _tally;
    private Slab? _greeting;
    private int _greeted;
    private string _name = ""; // of the server, as the client of TLS asks for it

    public DialledTarget Destination => destination;

    /// <summary>The server's end, once there is one.</summary>
    public Duplex? Upstream => _upstream;

    /// <returns>False if it was refused: the caller ends the stream.</returns>
    public async ValueTask<bool> RunAsync()
    {
        if (!IsAllowed()) return Refused("refused by policy");
        if (worker.Rules.Services.For(destination).ConnectionsOf(client.Namespace) is { AsksForName: true } routes && !await TryFindNameAsync(routes)) return Refused("the client did not say what it asks for");
        if (_upstream is null && !await TryDialAsync()) return Refused(_isTooMany ? "the destination allows no more connections" : "no server was reached");
        if (!TryPassGreeting()) return Refused("the client left, or takes nothing");
        worker.Connections.Add(this);
        _tally = worker.Rules.Metrics.TcpOpened(client, destination, Telemetry, _tried[^1], _bytes);
        Relay.Start(stream, _upstream!, _bytes, this);
        return true;
    }

    /// <summary>Gives up the server's end, if there is one: the connection turned out to be another's.</summary>
    public void HangUp()
    {
        DropGreeting();
        _upstream?.Dispose();
        _upstream = null;
        LeaveGate();
    }

    /// <summary>Looks whether the server has spoken; what it said is passed on later.</summary>
    public bool HasGreeting()
    {
        _greeting = worker.Loop.Slabs.Rent(SlabSize.Small);
        var received = _upstream!.TryReceive([_greeting.Vector.Slice(0, MaxGreeting)]);
        if (received.Status == IoStatus.Done) _greeted = received.Bytes;
        else DropGreeting();
        return received.Status != IoStatus.WouldBlock;
    }

    /// <summary>Nothing of the client's has been sent yet, so another server may be tried, and be waited for if it is about to be known.</summary>
    /// <returns>False if none was reached.</returns>
    public async ValueTask<bool> TryDialAsync()
    {
        try { return await TryDialAnyAsync(); }
        finally { _news?.End(); }
    }

    /// <summary>While it is carried.</summary>
    public void CountBytes() => _tally!.Count();

    /// <summary>A connection may go on as long as it is allowed to.</summary>
    public void BeginDrain() { }

    public void Abort()
    {
        stream.Abort();
        _upstream?.Abort();
    }

    void IRelayOwner.RelayEnded(RelayOutcome outcome) => End("");

    void IRelayOwner.RelayFailed(Exception defect)
    {
        worker.Rules.Defect(defect);
        End("internal error");
    }

    private ServiceTelemetry Telemetry => worker.Rules.Services.For(destination).Telemetry;

    private bool IsAllowed()
    {
        var policies = worker.Rules.Services.For(destination).Policies;
        var connection = new ConnectionAttributes(client.Identity, client.Address.Address, destination.Address ?? IPAddress.None, destination.Port);
        return policies.Policies.IsEmpty || PolicyEvaluator.Evaluate(policies, connection).IsAllowed;
    }

    private async ValueTask<bool> TryFindNameAsync(ConnectionRoutes routes)
    {
        if (await ServerName.FindAsync(stream, this) is not { } name) return false;
        if (routes.For(name) != routes.For(_name)) HangUp();
        _name = name;
        return true;
    }

    private async ValueTask<bool> TryDialAnyAsync()
    {
        LeaveGate(); // of servers that were not reached
        var servers = worker.Rules.Services.ServersOf(destination, client.Namespace, _name, worker.Random)?.Current.For(destination.Address, destination.Port);
        if (servers is not null && !TryEnter(servers.Gate)) return false;
        for (var attempt = 1; servers is not null; attempt++)
        {
            var endpoint = servers.Pick(worker.Random, _tried);
            if (endpoint is not null && await TryDialAsync(servers, endpoint)) return true;
            servers = endpoint is not null && attempt < Attempts ? servers.Latest : await NextAsync(servers);
        }

        return false;
    }

    private bool TryEnter(RequestGate gate)
    {
        _isTooMany = !gate.TryEnterConnection();
        if (!_isTooMany) _gate = gate;
        return !_isTooMany;
    }

    private void LeaveGate()
    {
        _gate?.LeaveConnection();
        _gate = null;
    }

    private async ValueTask<bool> TryDialAsync(UpstreamCluster servers, UpstreamEndpoint endpoint)
    {
        _tried.Add(endpoint);
        (_upstream, var failure) = await worker.Upstreams.DialAsync(endpoint, null);
        if (failure.Kind != ConnectFailureKind.DescriptorsExhausted) servers.NoteReach(endpoint, _upstream is not null); // else the server has nothing to do with it
        return _upstream is not null;
    }

    private async ValueTask<UpstreamCluster?> NextAsync(UpstreamCluster known) =>
        !stream.IsBroken && known.ExpectsNews(_tried, _began) ? await (_news ??= new(worker.Loop)).ForAsync(known, _tried) : null;

    private void End(string why)
    {
        worker.Connections.Remove(this);
        _tally!.Close();
        stream.Dispose();
        _upstream!.Dispose();
        LeaveGate();
        Ended(why);
    }

    // All of it at once or the connection ends: nobody would send the rest.
    private bool TryPassGreeting()
    {
        if (_greeting is null) return !stream.IsBroken;
        var sent = stream.TrySend([_greeting.Vector.Slice(0, _greeted)]);
        DropGreeting();
        if (sent.Status != IoStatus.Done || sent.Bytes != _greeted) return false;
        _bytes.Received.Add(_greeted);
        return true;
    }

    private void DropGreeting()
    {
        if (_greeting is not null) worker.Loop.Slabs.Return(_greeting);
        _greeting = null;
    }

    private bool Refused(string why)
    {
        HangUp();
        Ended(why);
        return false;
    }

    private void Ended(string why) =>
        worker.Rules.AccessLog.WriteTcp(client, destination, _tried.Count > 0 ? _tried[^1] : null, Telemetry.AccessLog, _bytes, worker.Loop.Time.GetElapsedTime(_began), why);
}
