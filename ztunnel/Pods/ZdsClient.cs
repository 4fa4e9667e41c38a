using Ambient.Linux.Sockets;
using Microsoft.Extensions.Logging;

namespace Ambient.Ztunnel.Pods;

/// <summary>Keeps a session with the node agent, forever: connects, serves it, and begins again when it ends for any reason.</summary>
internal sealed partial class ZdsClient(
    string socketPath, PodProxies pods, TimeProvider time, Random random, ILogger<ZdsClient> logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private SeqPacketSocket? _socket;

    /// <summary>Runs on a thread of its own until <paramref name="stop"/> fires; pods are left as they are.</summary>
    public Task RunAsync(CancellationToken stop)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            using var wake = stop.Register(Interrupt);
            while (!stop.IsCancellationRequested)
                ServeSessions(stop);
            ended.SetResult();
        }, maxStackSize: 512 * 1024) { Name = "zds", IsBackground = true };
        thread.Start();
        return ended.Task;
    }

    // Until a session completed its snapshot, pauses grow: an agent that is away, or keeps breaking the protocol, is not hammered.
    private void ServeSessions(CancellationToken stop)
    {
        var pause = FirstPause;
        while (!ServeOne(stop))
        {
            Log.Waiting(logger, pause.TotalMilliseconds);
            if (!Wait(pause * (0.8 + 0.4 * random.NextDouble()), stop))
                return;
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <returns>Whether the session got as far as its snapshot and kept to the protocol.</returns>
    private bool ServeOne(CancellationToken stop)
    {
        ZdsSession? session = null;
        var violated = false;
        try
        {
            using var socket = SeqPacketSocket.Connect(socketPath);
            Hold(socket, stop);
            pods.BeginSessionAsync().GetAwaiter().GetResult();
            session = new ZdsSession(socket, pods);
            Log.Connected(logger, socketPath);
            session.Run();
            Log.Ended(logger, socketPath);
        }
        catch (ZdsException error)
        {
            violated = true;
            Log.Violated(logger, socketPath, error.Message);
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            Log.Lost(logger, socketPath, error.Message);
        }
        catch (Exception defect)
        {
            // Nobody stands behind this thread: the process would end, and every pod of the node with it.
            violated = true;
            Log.Failed(logger, socketPath, defect);
        }
        finally
        {
            Hold(null, CancellationToken.None);
            if (session is not null)
                pods.EndSessionAsync().GetAwaiter().GetResult();
        }
        return session is { CompletedSnapshot: true } && !violated;
    }

    private void Hold(SeqPacketSocket? socket, CancellationToken stop)
    {
        lock (_lock)
        {
            _socket = socket;
            if (stop.IsCancellationRequested)
                socket?.Stop();
        }
    }

    // Held under the lock, so it is not disposed meanwhile.
    private void Interrupt()
    {
        lock (_lock)
            _socket?.Stop();
    }

    private bool Wait(TimeSpan pause, CancellationToken stop)
    {
        try
        {
            Task.Delay(pause, time, stop).GetAwaiter().GetResult();
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 557.
    private static partial class Log
    {
        [LoggerMessage(551, LogLevel.Information, "Connected to the node agent at {Path}")]
        public static partial void Connected(ILogger logger, string path);

        [LoggerMessage(552, LogLevel.Information, "The node agent at {Path} closed the session; pods are served on")]
        public static partial void Ended(ILogger logger, string path);

        [LoggerMessage(553, LogLevel.Warning, "No session with the node agent at {Path}: {Reason} Pods are served on")]
        public static partial void Lost(ILogger logger, string path, string reason);

        [LoggerMessage(554, LogLevel.Error, "The node agent at {Path} broke the protocol: {Violation} Pods are served on, a new session is begun")]
        public static partial void Violated(ILogger logger, string path, string violation);

        [LoggerMessage(555, LogLevel.Debug, "Next connection to the node agent in about {PauseMs} ms")]
        public static partial void Waiting(ILogger logger, double pauseMs);

        [LoggerMessage(556, LogLevel.Error, "The session with the node agent at {Path} failed; please report this. Pods are served on, a new session is begun")]
        public static partial void Failed(ILogger logger, string path, Exception defect);
    }
}
