using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ambient.HttpCases;

/// <summary>A server that answers whole requests of HTTP/1.1 with 200 and keeps every byte that it got, apart by connection.</summary>
public sealed class RecordingServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Recording> _recordings = [];

    public RecordingServer(IPEndPoint? at = null)
    {
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(at ?? new(IPAddress.Loopback, 0));
        _listener.Listen();
        _ = AcceptAsync();
    }

    public IPEndPoint Endpoint => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>What a request is answered with, and whether the connection ends behind that. Default 200 and a body of two bytes.</summary>
    public Func<StrictMessage, (string Text, bool Ends)> Answer { get; set; } =
        request => ($"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{(request.Method == "HEAD" ? "" : "ok")}", false);

    /// <summary>In the order in which the connections came.</summary>
    public IReadOnlyList<Recording> Recordings
    {
        get { lock (_recordings) return [.. _recordings]; }
    }

    /// <summary>Forgets what was recorded; connections stay open and go on in new recordings.</summary>
    public void Forget()
    {
        lock (_recordings) _recordings.Clear();
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var recording in Recordings) recording.Socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the server's end
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        var recording = Begin(socket);
        var buffer = new byte[64 * 1024];
        var (text, answered) = (new StringBuilder(), 0);
        try
        {
            while (await socket.ReceiveAsync(buffer) is var count and > 0)
            {
                var piece = Encoding.Latin1.GetString(buffer, 0, count);
                recording = Continue(recording, piece);
                var reading = StrictReader.Requests(text.Append(piece).ToString());
                for (; answered < reading.Messages.Count; answered++)
                {
                    var (answer, ends) = Answer(reading.Messages[answered]);
                    await socket.SendAsync(Encoding.Latin1.GetBytes(answer));
                    if (ends) socket.Shutdown(SocketShutdown.Send);
                }
            }

            recording.End(wasReset: false);
            socket.Dispose();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            recording.End(wasReset: true);
        }
    }

    private Recording Begin(Socket socket)
    {
        var recording = new Recording(socket);
        lock (_recordings) _recordings.Add(recording);
        return recording;
    }

    private Recording Continue(Recording recording, string piece)
    {
        lock (_recordings)
        {
            if (!_recordings.Contains(recording)) _recordings.Add(recording = new(recording.Socket));
            recording.Append(piece);
        }

        return recording;
    }
}

/// <summary>What came on one connection.</summary>
public sealed class Recording(Socket socket)
{
    private readonly StringBuilder _bytes = new();
    private readonly TaskCompletionSource<bool> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with true if the peer reset it, with false if it finished in good order.</summary>
    public Task<bool> WasReset => _ended.Task;

    public string Bytes
    {
        get { lock (_bytes) return _bytes.ToString(); }
    }

    internal Socket Socket => socket;

    internal void Append(string piece)
    {
        lock (_bytes) _bytes.Append(piece);
    }

    internal void End(bool wasReset) => _ended.TrySetResult(wasReset);
}
