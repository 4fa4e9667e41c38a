using System.Net.Sockets;
using Ambient.EndToEnd.Tests.Sockets;

namespace Ambient.EndToEnd.Tests.Semantics;

/// <summary>One application: does what the play says and reads all the time.</summary>
internal sealed class Performer
{
    private readonly Socket _socket;
    private readonly Task _reading;
    private readonly SemaphoreSlim _changed = new(0);
    private long _expected;
    private long _received;
    private string? _ending;
    private bool _gone;

    public Performer(Socket socket)
    {
        _socket = socket;
        _reading = ReadAsync();
    }

    /// <summary>How the connection ended as this application saw it, or what it did itself.</summary>
    public string Seen => $"{_ending ?? "open"} after {_received} bytes";

    public async Task SendAsync(int count)
    {
        try
        {
            var bytes = new byte[count];
            for (var sent = 0; sent < count;) sent += await _socket.SendAsync(bytes.AsMemory(sent)).AsTask().WaitAsync(PodSockets.Limit);
        }
        catch (SocketException failure)
        {
            _ending ??= $"sending failed ({failure.SocketErrorCode})";
        }
    }

    public void Finish() => _socket.Shutdown(SocketShutdown.Send);

    // Without the first call the runtime resets the connection, if it was reading at that very moment.
    public void Close()
    {
        _gone = true;
        _ending ??= "closed by itself";
        if (_socket.Connected) _socket.Shutdown(SocketShutdown.Send);
        _socket.Dispose();
    }

    public void Reset()
    {
        _gone = true;
        _ending ??= "reset by itself";
        _socket.Reset();
    }

    /// <summary>Returns when this much more has arrived, or nothing will any more.</summary>
    public Task ReceivedAsync(int count)
    {
        _expected += count;
        return UntilAsync(() => Interlocked.Read(ref _received) >= _expected || _ending is not null);
    }

    /// <summary>Returns when the other side's end or reset has arrived.</summary>
    public Task EndedAsync() => UntilAsync(() => _ending is not null);

    /// <summary>Closes what is still open and waits for the reader.</summary>
    public async Task EndAsync()
    {
        _gone = true;
        _socket.Dispose();
        await _reading.WaitAsync(PodSockets.Limit);
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            if (!await _changed.WaitAsync(PodSockets.Limit)) throw new TimeoutException($"Still {Seen}; {_expected} bytes were expected.");
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (await _socket.ReceiveAsync(buffer) is var count and > 0)
            {
                Interlocked.Add(ref _received, count);
                _changed.Release();
            }
            _ending ??= "end";
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            if (!_gone) _ending ??= "reset";
        }
        _changed.Release();
    }
}
