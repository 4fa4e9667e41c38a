using System.Buffers;
using Ambient.Model.Identities;
using Ambient.TestKit;
using Ambient.Tls.Revocation;

namespace Ambient.Tls.Tests.Scenes;

/// <summary>One trust domain with a root, an intermediate and two workloads, client and server.</summary>
internal sealed class Mesh : IDisposable
{
    public const string ClientUri = "spiffe://cluster.local/ns/shop/sa/client", ServerUri = "spiffe://cluster.local/ns/shop/sa/server";

    private readonly List<TlsIdentity> _identities = [];

    public Authority Root { get; } = Authority.Root();
    public Authority Intermediate { get; }
    public TlsOptions Settings { get; }
    public ManualTime Time { get; } = new();

    public Mesh(CrlStore? crl = null, Action<TlsOptions>? configure = null)
    {
        Intermediate = Root.Intermediate();
        Settings = Options(Time, crl);
        configure?.Invoke(Settings);
    }

    public static TlsOptions Options(TimeProvider? time = null, CrlStore? crl = null) => new() { Time = time ?? new ManualTime(), Crl = crl };

    public static SpiffeId ServerId => SpiffeId.Parse(ServerUri);

    public TlsIdentity Identity(Issued issued, TlsOptions? options = null)
    {
        var identity = issued.Identity(Root.RootPem, options ?? Settings);
        _identities.Add(identity);
        return identity;
    }

    public TlsIdentity Client() => Identity(Intermediate.Issue(ClientUri));

    public TlsIdentity Server() => Identity(Intermediate.Issue(ServerUri));

    /// <summary>Runs both sides to their ends.</summary>
    public Conversation Meet(TlsIdentity client, TlsIdentity server, params string[] expected) => new(
        TlsHandshake.Client(client, [.. (expected.Length == 0 ? [ServerUri] : expected).Select(SpiffeId.Parse)]), TlsHandshake.Server(server));

    /// <summary>Sessions of both sides, fresh from a handshake.</summary>
    public (TlsSession Client, TlsSession Server) Connect()
    {
        using var conversation = Meet(Client(), Server());
        conversation.Run();
        return (conversation.Client.TakeSession(), conversation.Server.TakeSession());
    }

    public void Dispose() => _identities.ForEach(identity => identity.Dispose());
}

/// <summary>A client and a server handshake whose bytes are passed on in memory.</summary>
internal sealed class Conversation(TlsHandshake client, TlsHandshake server) : IDisposable
{
    public TlsHandshake Client { get; } = client;
    public TlsHandshake Server { get; } = server;
    public HandshakeStatus ClientStatus { get; private set; }
    public HandshakeStatus ServerStatus { get; private set; }

    /// <summary>What the client said after its own end, for example an alert that the server's late refusal causes.</summary>
    public byte[] ToClientAfterwards { get; private set; } = [];

    public Conversation Run(Func<byte[], IEnumerable<byte[]>>? cut = null)
    {
        cut ??= static bytes => [bytes];
        byte[] toServer = [], toClient = [];
        (ClientStatus, toServer) = Advance(Client, []);
        while (toServer.Length > 0 || toClient.Length > 0)
        {
            toClient = [.. Feed(Server, toServer, cut, status => ServerStatus = status, () => ServerStatus)];
            toServer = [];
            if (toClient.Length == 0) break;
            if (ClientStatus != HandshakeStatus.NeedsInput)
            {
                ToClientAfterwards = toClient;
                break;
            }
            toServer = [.. Feed(Client, toClient, cut, status => ClientStatus = status, () => ClientStatus)];
            toClient = [];
        }
        return this;
    }

    private static IEnumerable<byte> Feed(TlsHandshake side, byte[] bytes, Func<byte[], IEnumerable<byte[]>> cut, Action<HandshakeStatus> set, Func<HandshakeStatus> get)
    {
        var all = new List<byte>();
        foreach (var piece in cut(bytes))
        {
            if (get() != HandshakeStatus.NeedsInput) break;
            var (status, sent) = Advance(side, piece);
            set(status);
            all.AddRange(sent);
        }
        return all;
    }

    public static (HandshakeStatus, byte[]) Advance(TlsHandshake side, ReadOnlySpan<byte> received)
    {
        var sent = new ArrayBufferWriter<byte>();
        var status = side.Advance(received, sent);
        return (status, sent.WrittenSpan.ToArray());
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
