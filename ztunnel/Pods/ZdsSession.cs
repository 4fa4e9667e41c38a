using System.Text;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;
using Ambient.Protos.Zds;
using Google.Protobuf;

namespace Ambient.Ztunnel.Pods;

/// <summary>
/// One conversation with the node agent: hello, its pods one by one, the snapshot's end, then changes. One request is under
/// way at a time and each is answered once it was carried out, so a thread that blocks is all this needs.
/// </summary>
internal sealed class ZdsSession(SeqPacketSocket socket, PodProxies pods)
{
    /// <summary>Largest datagram the protocol allows, in both directions.</summary>
    public const int MaxDatagramBytes = 1024;

    private const int MaxErrorBytes = 900;
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(5);

    private readonly byte[] _buffer = new byte[MaxDatagramBytes];

    /// <summary>Whether the agent has told all its pods.</summary>
    public bool CompletedSnapshot { get; private set; }

    /// <summary>Serves the session until the agent closes it.</summary>
    /// <exception cref="ZdsException">Session: the agent broke the protocol; it was told why.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public void Run()
    {
        socket.Send(new ZdsHello { Version = Protos.Zds.Version.V1 }.ToByteArray(), attached: null, SendLimit);
        while (true)
        {
            var message = socket.Receive(_buffer, Timeout.InfiniteTimeSpan);
            if (message.IsEnd)
                return;
            Answer(message);
        }
    }

    private void Answer(SeqPacketMessage message)
    {
        try
        {
            CarryOut(Decode(message), message.Attached);
            Acknowledge("");
        }
        catch (ZdsException error)
        {
            Acknowledge(error.Message);
            if (error.Failure == ZdsFailure.Session)
                throw;
        }
    }

    /// <summary>Checks size, shape and descriptors; a refused message's descriptor is closed.</summary>
    private WorkloadRequest Decode(SeqPacketMessage message)
    {
        try
        {
            if (message.IsTruncated)
                throw Violation($"A request of more than {MaxDatagramBytes} bytes, which is the protocol's limit.");
            if (message.ExtraDescriptors > 0)
                throw Violation("A request with more than one descriptor; Add carries exactly one.");
            var request = WorkloadRequest.Parser.ParseFrom(_buffer, 0, message.Length);
            RequireDescriptor(request, message.Attached is not null);
            return request;
        }
        catch (InvalidProtocolBufferException error)
        {
            message.Attached?.Dispose();
            throw Violation($"A request of {message.Length} bytes that is not a WorkloadRequest: {error.Message}");
        }
        catch (ZdsException)
        {
            message.Attached?.Dispose();
            throw;
        }
    }

    private static void RequireDescriptor(WorkloadRequest request, bool hasDescriptor)
    {
        var isAdd = request.PayloadCase == WorkloadRequest.PayloadOneofCase.Add;
        if (request.PayloadCase == WorkloadRequest.PayloadOneofCase.None)
            throw Violation("A request that is none of Add, Keep, Del and SnapshotSent.");
        if (isAdd && !hasDescriptor)
            throw Violation($"Add for pod {request.Add.Uid} without the descriptor of its network namespace.");
        if (!isAdd && hasDescriptor)
            throw Violation($"{request.PayloadCase} with a descriptor; only Add carries one.");
        if (isAdd && request.Add.WorkloadInfo is null)
            throw Violation($"Add for pod {request.Add.Uid} without workload_info, so nobody knows whose connections it makes.");
    }

    private void CarryOut(WorkloadRequest request, Descriptor? attached)
    {
        switch (request.PayloadCase)
        {
            case WorkloadRequest.PayloadOneofCase.Add:
                var pod = PodInfo.From(request.Add.Uid, request.Add.WorkloadInfo);
                Finish(pods.AddAsync(pod, NetworkNamespaceOf(pod, attached!)));
                break;
            case WorkloadRequest.PayloadOneofCase.Keep:
                Finish(pods.KeepAsync(request.Keep.Uid));
                break;
            case WorkloadRequest.PayloadOneofCase.Del:
                Finish(pods.DeleteAsync(request.Del.Uid));
                break;
            case WorkloadRequest.PayloadOneofCase.SnapshotSent:
                Finish(pods.SnapshotSentAsync());
                CompletedSnapshot = true;
                break;
        }
    }

    private static NetworkNamespace NetworkNamespaceOf(PodInfo pod, Descriptor attached)
    {
        try
        {
            return NetworkNamespace.FromDescriptor(attached);
        }
        catch (LinuxException error)
        {
            throw new ZdsException(ZdsFailure.Pod, $"The descriptor for pod {pod.Namespace}/{pod.Name} cannot be used: {error.Message}", error);
        }
    }

    // This thread is the session's own: it may wait.
    private static void Finish(Task work) => work.GetAwaiter().GetResult();

    private void Acknowledge(string error) =>
        socket.Send(new WorkloadResponse { Ack = new Ack { Error = Cut(error) } }.ToByteArray(), attached: null, SendLimit);

    // The agent reads answers into 1024 bytes; what does not fit would end the session.
    private static string Cut(string error)
    {
        var bytes = Encoding.UTF8.GetBytes(error);
        if (bytes.Length <= MaxErrorBytes)
            return error;
        var length = MaxErrorBytes;
        while ((bytes[length] & 0xC0) == 0x80)
            length--;
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private static ZdsException Violation(string what) => new(ZdsFailure.Session, what + " This session ends.");
}
