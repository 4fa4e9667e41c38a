using System.Net.Sockets;
using System.Text;

namespace Ambient.CniPlugin.Tests;

/// <summary>A node agent as the plugin sees it: a real socket, one prepared answer for every request.</summary>
internal sealed class AgentStub : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cni").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<string> _requests = [];
    private readonly Task _serving;

    /// <param name="answer">Sent as it is after a whole request; null never answers and keeps the connection.</param>
    public AgentStub(string? answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_directory, "pluginevent.sock")));
        _listener.Listen();
        _serving = Task.Run(() => Serve(answer));
    }

    /// <summary>The plugin's <c>cni_agent_run_dir</c>.</summary>
    public string RunDirectory => _directory;

    public IReadOnlyList<string> Requests
    {
        get { lock (_requests) return [.. _requests]; }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _serving.Wait(TimeSpan.FromSeconds(30));
        Directory.Delete(_directory, recursive: true);
    }

    private void Serve(string? answer)
    {
        var kept = new List<Socket>();
        try
        {
            while (true)
            {
                var connection = _listener.Accept();
                kept.Add(connection);
                var request = ReadRequest(connection);
                lock (_requests)
                    _requests.Add(request);
                if (answer is null)
                    continue;
                connection.Send(Encoding.UTF8.GetBytes(answer));
                connection.Dispose();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            kept.ForEach(static connection => connection.Dispose());
        }
    }

    private static string ReadRequest(Socket connection)
    {
        var text = "";
        var chunk = new byte[4096];
        while (!IsWhole(text))
        {
            var read = connection.Receive(chunk);
            if (read == 0)
                break;
            text += Encoding.UTF8.GetString(chunk, 0, read);
        }
        return text;
    }

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return false;
        var length = text.Split("\r\n").First(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal))["Content-Length: ".Length..];
        return Encoding.UTF8.GetByteCount(text[(end + 4)..]) >= int.Parse(length);
    }
}
