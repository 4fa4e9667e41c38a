using Ambient.Grpc;
using Ambient.Protos.Xds;
using Ambient.Xds.Server;

namespace Ambient.Xds.Tests.Scenes;

/// <summary>What kind of client it is.</summary>
/// <param name="OnDemand">Asks for names instead of everything.</param>
/// <param name="Extended">Knows the state token.</param>
internal readonly record struct ClientKind(bool OnDemand, bool Extended);

/// <summary>
/// A client of delta xDS and the server's side of its stream, without threads: messages wait in two queues until the test moves one, so that
/// any interleaving can be played and played again.
/// </summary>
internal sealed class ModelClient(ClientKind kind)
{
    private static readonly string[] Ambient = ["node\nn1"];
    private readonly Queue<DeltaDiscoveryRequest> _toServer = [];
    private readonly Queue<DeltaDiscoveryResponse> _toClient = [];
    private readonly HashSet<string> _rejected = [];
    private ResourceView _view = null!;
    private SessionOptions _options = null!;
    private Subscription _server = null!;
    private string? _token;

    public ClientKind Kind => kind;

    /// <summary>Versions by name.</summary>
    public Dictionary<string, string> Held { get; } = [];

    public HashSet<string> Demanded { get; } = [];

    /// <summary>Resources that this client cannot read.</summary>
    public Func<Resource, bool> IsBad { get; set; } = static _ => false;

    /// <summary>A new stream; what was under way on the old one is lost.</summary>
    public void Connect(ResourceView view, SessionOptions options)
    {
        (_view, _options, _server) = (view, options, new(view, options));
        _toServer.Clear();
        _toClient.Clear();
        _toServer.Enqueue(FirstRequest(useToken: true));
    }

    public void Demand(string name)
    {
        if (Demanded.Add(name)) _toServer.Enqueue(new() { TypeUrl = _view.TypeUrl, ResourceNamesSubscribe = { name } });
    }

    public void GiveUp(string name)
    {
        if (Demanded.Remove(name)) _toServer.Enqueue(new() { TypeUrl = _view.TypeUrl, ResourceNamesUnsubscribe = { name } });
    }

    /// <summary>The server takes one request, or else sends what it has to say.</summary>
    /// <returns>False: nothing to do.</returns>
    public bool StepServer()
    {
        try
        {
            if (_toServer.TryDequeue(out var request))
            {
                _server.Receive(request, request.Node ?? NodeOf(null), Ambient);
                return true;
            }
            if (_server.Next() is not { } response) return false;
            _toClient.Enqueue(DeltaDiscoveryResponse.Parser.ParseFrom(response.Bytes.Span));
            return true;
        }
        catch (RpcException)
        {
            Connect(_view, _options); // it fell behind
            return true;
        }
    }

    /// <summary>The client takes one response and answers it.</summary>
    public bool StepClient()
    {
        if (!_toClient.TryDequeue(out var response)) return false;
        if (StateToken.IsUnknownState(response.SystemVersionInfo))
        {
            _token = null;
            _toServer.Enqueue(FirstRequest(useToken: false));
            return true;
        }
        var bad = response.Resources.Where(IsBad).ToList();
        foreach (var resource in response.Resources.Except(bad)) Accept(resource);
        foreach (var name in response.RemovedResources)
        {
            Held.Remove(name);
            _rejected.Remove(name);
        }
        foreach (var resource in bad) _rejected.Add(resource.Name);
        _token = kind.Extended && !kind.OnDemand && _rejected.Count == 0 ? StateToken.Read(response.SystemVersionInfo) : null;
        var answer = new DeltaDiscoveryRequest { TypeUrl = _view.TypeUrl, ResponseNonce = response.Nonce };
        if (bad.Count > 0) answer.ErrorDetail = new() { Message = "bad" };
        _toServer.Enqueue(answer);
        return true;
    }

    private void Accept(Resource resource)
    {
        Held[resource.Name] = resource.Version;
        _rejected.Remove(resource.Name);
    }

    private DeltaDiscoveryRequest FirstRequest(bool useToken)
    {
        var request = new DeltaDiscoveryRequest { TypeUrl = _view.TypeUrl, Node = NodeOf(useToken ? _token : null) };
        if (useToken && _token is not null) return request;
        foreach (var name in _rejected) request.InitialResourceVersions[name] = "";
        foreach (var (name, version) in Held) request.InitialResourceVersions[name] = version;
        if (!kind.OnDemand) return request;
        request.ResourceNamesSubscribe.Add("*");
        request.ResourceNamesUnsubscribe.Add("*");
        foreach (var name in Demanded) request.InitialResourceVersions.TryAdd(name, "");
        return request;
    }

    private Node NodeOf(string? token)
    {
        var node = new Node { Id = "ztunnel~1.1.1.1~zt.ns~ns.svc.cluster.local" };
        if (!kind.Extended) return node;
        node = StateToken.Announce(node);
        return token is null ? node : StateToken.Write(node, _view.TypeUrl, token);
    }
}
