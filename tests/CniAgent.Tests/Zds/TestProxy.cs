using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;
using Ambient.Protos.Zds;
using Google.Protobuf;

namespace Ambient.CniAgent.Tests.Zds;

/// <summary>A node proxy's end of the protocol, step by step, on a real socket. Calls block, with a limit.</summary>
internal sealed class TestProxy : IDisposable
{
    private readonly byte[] _buffer = new byte[1024];

    private TestProxy(SeqPacketSocket socket) => Socket = socket;

    public SeqPacketSocket Socket { get; }

    /// <summary>The namespace that came with the last Add.</summary>
    public NamespaceKey? Received { get; private set; }

    public static TestProxy Connect(string path, bool sayHello = true)
    {
        var proxy = new TestProxy(SeqPacketSocket.Connect(path));
        if (sayHello)
            proxy.Send(new ZdsHello { Version = Protos.Zds.Version.V1 });
        return proxy;
    }

    /// <summary>Connects and answers the snapshot; returns what it named.</summary>
    public static (TestProxy Proxy, List<string> Snapshot) Join(string path)
    {
        var proxy = Connect(path);
        var uids = new List<string>();
        while (true)
        {
            var request = proxy.Next();
            proxy.Acknowledge();
            if (request.PayloadCase == WorkloadRequest.PayloadOneofCase.SnapshotSent)
                return (proxy, uids);
            uids.Add(request.Add?.Uid ?? $"keep {request.Keep.Uid}");
        }
    }

    public WorkloadRequest Next()
    {
        var message = Socket.Receive(_buffer, PodLab.Patience);
        Assert.False(message.IsEnd, "the agent closed the connection");
        using var attached = message.Attached;
        Received = attached is null ? null : NetworkNamespace.FromDescriptor(attached.Duplicate()) is var netns ? Take(netns) : null;
        return WorkloadRequest.Parser.ParseFrom(_buffer, 0, message.Length);
    }

    public void Acknowledge(string error = "") => Send(new WorkloadResponse { Ack = new Ack { Error = error } });

    public void Send(IMessage message) => Socket.Send(message.ToByteArray(), null, PodLab.Patience);

    public bool IsClosedByAgent()
    {
        try
        {
            return Socket.Receive(_buffer, PodLab.Patience).IsEnd;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => Socket.Dispose();

    private static NamespaceKey Take(NetworkNamespace netns)
    {
        using (netns)
            return netns.Key;
    }
}
