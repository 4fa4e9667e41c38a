using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Ambient.Waypoint.Tests.Scenes;

/// <summary>A server of HTTP/1.1 that answers with its name and the request as it saw it.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _requests;

    public EchoServer(string name, IPEndPoint at)
    {
        Name = name;
        _listener = new(at);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Name { get; }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Heads and bodies, as they came.</summary>
    public ConcurrentBag<string> Seen { get; } = [];

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Status of the answer to a request line; 0 closes the connection without one.</summary>
    public Func<string, int> Answer { get; set; } = static _ => 200;

    public TimeSpan Delay { get; set; }

    /// <summary>No answer is given before it has completed.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    /// <summary>Asked for with each connection; null for plain TCP.</summary>
    public SslServerAuthenticationOptions? Tls { get; set; }

    /// <summary>Of the last connection within TLS.</summary>
    public SslStream? LastTls { get; private set; }

    /// <summary>Further lines of each answer's head.</summary>
    public string Fields { get; set; } = "";

    public async ValueTask DisposeAsync()
    {
        if (_accepting.IsCompleted) return; // a test has ended it already
        await _stop.CancelAsync();
        await _accepting; // which still asks the listener
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
        }
        catch (OperationCanceledException) { }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using (Stream plain = new NetworkStream(socket, ownsSocket: true))
        {
            try
            {
                await using var stream = await OpenAsync(plain);
                while (await ReadHeadAsync(stream) is { } head)
                {
                    Seen.Add(head);
                    Interlocked.Increment(ref _requests);
                    var line = head[..head.IndexOf("\r\n", StringComparison.Ordinal)];
                    if (Delay > TimeSpan.Zero) await Task.Delay(Delay, TimeProvider.System, _stop.Token);
                    await Hold.WaitAsync(_stop.Token);
                    var status = Answer(line);
                    if (status == 0) return;
                    var body = $"{Name}\n{head}";
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} x\r\nx-server: {Name}\r\n{Fields}Content-Length: {body.Length}\r\n\r\n{body}"), _stop.Token);
                }
            }
            catch (Exception error) when (error is SocketException or IOException or AuthenticationException or OperationCanceledException) { }
        }
    }

    private async Task<Stream> OpenAsync(Stream plain)
    {
        if (Tls is not { } options) return plain;
        var stream = new SslStream(plain);
        await stream.AuthenticateAsServerAsync(options, _stop.Token);
        return LastTls = stream;
    }

    // Bodies have a length.
    private async Task<string?> ReadHeadAsync(Stream stream)
    {
        var (text, buffer) = (new StringBuilder(), new byte[64 * 1024]);
        while (true)
        {
            var read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0) return null;
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            if (read < buffer.Length && IsWhole(text.ToString())) return text.ToString();
        }
    }

    private static bool IsWhole(string message)
    {
        var end = message.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return false;
        var length = message[..end].Split("\r\n").FirstOrDefault(static line => line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase));
        return message.Length >= end + 4 + (length is null ? 0 : int.Parse(length[15..], CultureInfo.InvariantCulture));
    }
}
