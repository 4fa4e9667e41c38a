using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;
using Ambient.Protos.Zds;
using Google.Protobuf;

namespace Ambient.Ztunnel.Tests.Pods;

/// <summary>A node agent's end of the protocol, step by step, on a real socket. Calls block, with a limit.</summary>
internal sealed class TestAgent : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly byte[] _buffer = new byte[4096];
    private readonly SeqPacketListener _listener;
    private SeqPacketSocket? _session;

    public TestAgent(string path) => _listener = new SeqPacketListener(path);

    public SeqPacketSocket Session => _session ?? throw new InvalidOperationException("Nobody has connected.");

    /// <summary>Takes the next connection and its hello.</summary>
    public ZdsHello Accept()
    {
        _session?.Dispose();
        _session = _listener.Accept(Patience);
        Assert.NotNull(_session);
        var message = _session.Receive(_buffer, Patience);
        return ZdsHello.Parser.ParseFrom(_buffer, 0, message.Length);
    }

    /// <summary>Takes the next connection and ends it without a word.</summary>
    public void HangUp()
    {
        _session?.Dispose();
        _session = null;
        using var caller = _listener.Accept(Patience);
        Assert.NotNull(caller);
    }

    public string Add(string uid, NetworkNamespace netns, string serviceAccount = "web") => Ask(new WorkloadRequest
    {
        Add = new AddWorkload { Uid = uid, WorkloadInfo = new WorkloadInfo { Name = uid, Namespace = "shop", ServiceAccount = serviceAccount } },
    }, netns.Descriptor);

    public string Keep(string uid) => Ask(new WorkloadRequest { Keep = new KeepWorkload { Uid = uid } });

    public string Delete(string uid) => Ask(new WorkloadRequest { Del = new DelWorkload { Uid = uid } });

    public string EndSnapshot() => Ask(new WorkloadRequest { SnapshotSent = new SnapshotSent() });

    /// <returns>The proxy's error; empty if it did what was asked.</returns>
    public string Ask(WorkloadRequest request, Descriptor? attached = null) => AskRaw(request.ToByteArray(), attached);

    public string AskRaw(byte[] request, Descriptor? attached = null)
    {
        Session.Send(request, attached, Patience);
        return ReadError();
    }

    private string ReadError()
    {
        var message = Session.Receive(_buffer, Patience);
        Assert.False(message.IsEnd, "the proxy closed the session");
        Assert.InRange(message.Length, 0, 1024);
        return WorkloadResponse.Parser.ParseFrom(_buffer, 0, message.Length).Ack.Error;
    }

    /// <summary>As <see cref="Ask"/>, with the descriptor twice.</summary>
    public string AskWithTwo(WorkloadRequest request, Descriptor attached)
    {
        Session.SendMany(request.ToByteArray(), [attached.Value, attached.Value], Patience);
        return ReadError();
    }

    public bool IsClosedByProxy() => Session.Receive(_buffer, Patience).IsEnd;

    public void Close()
    {
        _session?.Dispose();
        _session = null;
    }

    public void Dispose()
    {
        Close();
        _listener.Dispose();
    }
}
