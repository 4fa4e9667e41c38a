using System.Collections.Concurrent;
using Ambient.CniAgent.PodNamespaces;
using Ambient.Linux.Sockets;
using Ambient.Protos.Zds;
using Google.Protobuf;
using Version = Ambient.Protos.Zds.Version;

namespace Ambient.CniAgent.Zds;

/// <summary>One connected node proxy: greets it, tells it all pods, then passes on changes one at a time.</summary>
/// <remarks>Runs on a thread of its own; requests may be queued from any.</remarks>
internal sealed class ZdsConnection(SeqPacketSocket socket, PodRegistry pods, ZdsOptions options) : IDisposable
{
    private const int MaxAnswerBytes = 1024;
    private static readonly TimeSpan LivenessLook = TimeSpan.FromMilliseconds(10);

    private readonly BlockingCollection<Request> _queue = new(options.MaxQueued);
    private readonly byte[] _answer = new byte[MaxAnswerBytes];

    /// <summary>Waits for the proxy's hello.</summary>
    /// <exception cref="ZdsException">None came, or it speaks another version.</exception>
    public void Greet()
    {
        var hello = Parse(ZdsHello.Parser, Receive(options.Deadline));
        if (hello.Version != Version.V1)
            throw Lost($"said hello in protocol version {(int)hello.Version}; this agent speaks 1");
    }

    /// <summary>Tells <paramref name="uids"/> one by one, the snapshot's end, and then whatever is queued, until the connection ends.</summary>
    /// <param name="reportRefused">Told of each pod that the proxy could not start: the session goes on.</param>
    /// <exception cref="ZdsException">ConnectionLost: how it ended; a proxy that just closed is one such way.</exception>
    public void Serve(IReadOnlyList<string> uids, Action<string, string> reportRefused)
    {
        try
        {
            foreach (var uid in uids)
            {
                if (Tell(uid, inSnapshot: true) is { Length: > 0 } error)
                    reportRefused(uid, error);
            }
            if (Exchange(new WorkloadRequest { SnapshotSent = new SnapshotSent() }, null) is { Length: > 0 } refused)
                throw Lost($"refused the end of the snapshot: {refused}");
            while (true)
            {
                if (_queue.TryTake(out var request, options.LivenessInterval))
                    CarryOut(request);
                else
                    LookAlive();
            }
        }
        finally
        {
            End();
        }
    }

    /// <summary>Has the pod served; repeats are welcome.</summary>
    public Task AddAsync(string uid) => Enqueue(new Request(uid, IsDelete: false));

    public Task DeleteAsync(string uid) => Enqueue(new Request(uid, IsDelete: true));

    /// <summary>Ends the connection from another thread.</summary>
    public void Stop() => socket.Stop();

    public void Dispose()
    {
        socket.Dispose();
        _queue.Dispose();
    }

    private Task Enqueue(Request request)
    {
        try
        {
            if (!_queue.TryAdd(request))
                throw new ZdsException(ZdsFailure.QueueFull, $"{options.MaxQueued} requests already wait for the node proxy. Is it stuck?");
            return request.Done.Task;
        }
        catch (Exception error) when (error is InvalidOperationException or ObjectDisposedException)
        {
            throw new ZdsException(ZdsFailure.ConnectionLost, "The connection to the node proxy has ended.", error);
        }
    }

    private void CarryOut(Request request)
    {
        try
        {
            var error = request.IsDelete
                ? Exchange(new WorkloadRequest { Del = new DelWorkload { Uid = request.Uid } }, null)
                : Tell(request.Uid, inSnapshot: false);
            if (error.Length == 0)
                request.Done.SetResult();
            else
                request.Done.SetException(new ZdsException(ZdsFailure.Refused, $"The node proxy answered: {error}"));
        }
        catch (Exception error)
        {
            request.Done.SetException(error as ZdsException ?? Lost($"was not asked: {error.Message}"));
            throw;
        }
    }

    /// <summary>
    /// Add with the namespace's descriptor, or Keep if we have none, which only a snapshot may say; nothing for a pod that is
    /// gone meanwhile.
    /// </summary>
    private string Tell(string uid, bool inSnapshot)
    {
        var error = "";
        pods.TryUse(uid, (pod, netns) => error = (netns, inSnapshot) switch
        {
            (not null, _) => Exchange(new WorkloadRequest { Add = AddOf(pod) }, netns),
            (null, true) => Exchange(new WorkloadRequest { Keep = new KeepWorkload { Uid = uid } }, null),
            _ => "the pod's network namespace is not open",
        });
        return error;
    }

    internal static AddWorkload AddOf(PodSpec pod) => new()
    {
        Uid = pod.Uid,
        WorkloadInfo = new WorkloadInfo { Name = pod.Name, Namespace = pod.Namespace, ServiceAccount = pod.ServiceAccount },
    };

    /// <returns>The proxy's error, empty if it did what was asked.</returns>
    private string Exchange(WorkloadRequest request, Linux.Descriptor? attached)
    {
        try
        {
            socket.Send(request.ToByteArray(), attached, options.Deadline);
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            throw Lost($"did not take {request.PayloadCase}: {error.Message}");
        }
        var response = Parse(WorkloadResponse.Parser, Receive(options.Deadline));
        return response.PayloadCase == WorkloadResponse.PayloadOneofCase.Ack
            ? response.Ack.Error
            : throw Lost($"answered {request.PayloadCase} with something that is no Ack");
    }

    private int Receive(TimeSpan limit)
    {
        SeqPacketMessage message;
        try
        {
            message = socket.Receive(_answer, limit);
        }
        catch (TimeoutException error)
        {
            // An answer that comes later would be taken for the next request's: the conversation cannot go on.
            throw new ZdsException(ZdsFailure.TimedOut, $"The node proxy did not answer within {limit.TotalSeconds:0.#} s.", error);
        }
        catch (IOException error)
        {
            throw Lost($"is gone: {error.Message}");
        }
        message.Attached?.Dispose();
        if (message.IsEnd)
            throw Lost("closed the connection");
        if (message.IsTruncated)
            throw Lost($"sent more than the {MaxAnswerBytes} bytes that an answer may have");
        if (message.Attached is not null || message.ExtraDescriptors > 0)
            throw Lost("sent a descriptor, which an answer has none of");
        return message.Length;
    }

    private void LookAlive()
    {
        try
        {
            Receive(LivenessLook);
        }
        catch (ZdsException error) when (error.Failure == ZdsFailure.TimedOut)
        {
            return; // nothing to read: alive
        }
        throw Lost("spoke without being asked");
    }

    private T Parse<T>(MessageParser<T> parser, int length) where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(_answer, 0, length);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw Lost($"sent {length} bytes that are no message: {error.Message}");
        }
    }

    private void End()
    {
        _queue.CompleteAdding();
        while (_queue.TryTake(out var request))
            request.Done.SetException(Lost("closed the connection"));
    }

    private static ZdsException Lost(string what) => new(ZdsFailure.ConnectionLost, $"The node proxy {what}.");

    private sealed record Request(string Uid, bool IsDelete)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
