using System.Buffers;
using System.Net.Sockets;
using System.Text;
using Ambient.Http1;
using Ambient.Http1.Bodies;
using Ambient.Http1.Heads;
using Ambient.Http1.Responses;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent.PluginCalls;

/// <summary>Where the CNI plugin asks: HTTP/1.1 on a Unix socket that only root may open, one request for each connection.</summary>
/// <param name="answer">Any number at once; what it throws becomes status 500.</param>
internal sealed partial class PluginSocket(
    string path, Func<PluginCall, CancellationToken, Task<PluginAnswer>> answer, TimeProvider time, ILogger<PluginSocket> logger)
{
    // A runtime starts a node's pods in parallel, more than fit a node at once it does not.
    private const int MaxConnections = 512;

    // To send the request, and to take the answer. In between the plugin has a limit of its own.
    private static readonly TimeSpan TransferLimit = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private static readonly Http1Limits Limits = new()
    {
        RequestLineBytes = 1024, FieldLineBytes = 4096, HeadBytes = 8192, FieldCount = 32, BodyBytes = PluginEvent.MaxBytes,
    };

    private readonly SemaphoreSlim _room = new(MaxConnections);

    /// <summary>Serves until <paramref name="stop"/> fires; requests under way are then given up.</summary>
    /// <exception cref="IOException">The socket cannot be made.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        using var listener = Listen();
        Log.Listening(logger, path);
        var running = new HashSet<Task>();
        try
        {
            while (true)
            {
                await _room.WaitAsync(stop);
                var connection = await AcceptAsync(listener, stop);
                running.RemoveWhere(static task => task.IsCompleted);
                running.Add(Task.Run(() => ServeAsync(connection, stop), CancellationToken.None));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Task.WhenAll(running);
        }
    }

    private Socket Listen()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            return new(new SafeSocketHandle(UnixListener.OpenStream(path, MaxConnections).Release(), ownsHandle: true));
        }
        catch (LinuxException error)
        {
            throw new IOException($"The plugin's socket {path} cannot be made: {error.Message}", error);
        }
    }

    // Out of descriptors or memory: whoever asks waits in the queue, with a limit of its own, and something may be given back.
    private async Task<Socket> AcceptAsync(Socket listener, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return await listener.AcceptAsync(stop);
            }
            catch (SocketException error)
            {
                Log.NotAccepted(logger, error.Message);
                await Task.Delay(AcceptPause, time, stop);
            }
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken stop)
    {
        try
        {
            using (socket)
            {
                var result = await ReceiveAsync(socket, stop) switch
                {
                    (PluginCall call, _) => await AnswerAsync(call, stop),
                    (_, var refusal) => refusal,
                };
                if (result is not null)
                    await SendAsync(socket, result, stop);
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            Log.NotServed(logger, error.Message); // the plugin is gone, or we are going
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task<PluginAnswer> AnswerAsync(PluginCall call, CancellationToken stop)
    {
        try
        {
            return await answer(call, stop);
        }
        catch (FormatException error)
        {
            return PluginAnswer.Invalid(error.Message);
        }
        catch (Exception error) when (!stop.IsCancellationRequested)
        {
            Log.Failed(logger, call.Path, error);
            return PluginAnswer.Refused($"The node agent failed: {error.Message}. Its log says more.");
        }
    }

    /// <returns>A call, or what to answer instead, or neither if the connection ended.</returns>
    private async Task<(PluginCall?, PluginAnswer?)> ReceiveAsync(Socket socket, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(TransferLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        var (parser, body, content) = (new RequestParser(Limits), new BodyReader(Limits), new ArrayBufferWriter<byte>());
        var (chunk, inBody) = (new byte[8192], false);
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(chunk, either.Token);
                if (received == 0)
                    return default;
                for (var at = 0; ;)
                {
                    if (!inBody)
                    {
                        var status = parser.Feed(chunk.AsSpan(at..received), out var consumed);
                        at += consumed;
                        if (status == HeadStatus.Refused)
                            return (null, new PluginAnswer(parser.Error.Status, parser.Error.Message));
                        if (status == HeadStatus.NeedsMore)
                            break;
                        inBody = true;
                        body.Begin(parser.Head.Framing);
                    }
                    var step = body.Next(chunk.AsSpan(at..received));
                    content.Write(chunk.AsSpan(at + step.DataStart, step.DataLength));
                    at += step.Consumed;
                    if (step.Status == BodyStatus.Complete)
                        return (CallOf(parser.Head, content.WrittenMemory), null);
                    if (step.Status == BodyStatus.Refused)
                        return (null, new PluginAnswer(body.Error.Status, body.Error.Message));
                    if (step.Status == BodyStatus.NeedsMore)
                        break;
                }
            }
        }
        finally
        {
            parser.Reset();
        }
    }

    private static PluginCall CallOf(RequestHead head, ReadOnlyMemory<byte> body) =>
        new(Encoding.ASCII.GetString(head.Method), Encoding.ASCII.GetString(head.Path), body);

    private async Task SendAsync(Socket socket, PluginAnswer answer, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(TransferLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        var text = Encoding.UTF8.GetBytes(answer.Text);
        var output = new ArrayBufferWriter<byte>(256 + text.Length);
        ResponseWriter.Begin(output, answer.Status).Field("content-type"u8, "text/plain"u8)
            .End(answer.Status, BodyFraming.OfLength(text.Length), keepAlive: false);
        output.Write(text);
        for (var unsent = output.WrittenMemory; !unsent.IsEmpty;)
            unsent = unsent[await socket.SendAsync(unsent, either.Token)..];
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 725.
    private static partial class Log
    {
        [LoggerMessage(721, LogLevel.Information, "The CNI plugin asks at {Path}")]
        public static partial void Listening(ILogger logger, string path);

        [LoggerMessage(722, LogLevel.Debug, "A connection of the CNI plugin ended early: {Reason}")]
        public static partial void NotServed(ILogger logger, string reason);

        [LoggerMessage(723, LogLevel.Error, "{Path} failed; please report this")]
        public static partial void Failed(ILogger logger, string path, Exception error);

        [LoggerMessage(724, LogLevel.Warning, "A connection of the CNI plugin waits: {Reason}")]
        public static partial void NotAccepted(ILogger logger, string reason);
    }
}
