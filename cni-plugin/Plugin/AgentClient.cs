using System.Net.Sockets;
using System.Text;

namespace Ambient.CniPlugin;

/// <summary>Asks the node agent over its Unix socket: one HTTP/1.1 request on one connection, within one deadline.</summary>
internal sealed class AgentClient(string socketPath, TimeProvider time)
{
    private const int MaxAnswerBytes = 64 * 1024;

    /// <exception cref="CniException">No answer in time, or one that says no; it carries what the agent said.</exception>
    public void Ask(AgentRequest request)
    {
        try
        {
            Read(Exchange(request));
        }
        catch (SocketException error)
        {
            throw Unavailable(error.SocketErrorCode switch
            {
                SocketError.TimedOut or SocketError.WouldBlock => $"it did not answer within {request.Limit.TotalSeconds:0} s",
                SocketError.AddressNotAvailable => "there is no such socket",
                SocketError.ConnectionRefused => "nobody listens there any more",
                _ => error.Message,
            });
        }
        catch (ArgumentException error)
        {
            throw Unavailable(error.Message); // the path is longer than a socket's may be
        }
    }

    private byte[] Exchange(AgentRequest request)
    {
        var began = time.GetTimestamp();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Limit(socket, request, began);
        socket.Connect(new UnixDomainSocketEndPoint(socketPath));
        foreach (var part in (ReadOnlySpan<byte[]>)[Head(request), request.Body])
        {
            Limit(socket, request, began);
            for (var sent = 0; sent < part.Length;)
                sent += socket.Send(part.AsSpan(sent));
        }
        var answer = new byte[MaxAnswerBytes + 1];
        for (var length = 0; ;)
        {
            Limit(socket, request, began);
            var read = socket.Receive(answer.AsSpan(length));
            if (read == 0)
                return answer[..length];
            length += read;
            if (length > MaxAnswerBytes)
                throw Unavailable($"it answered with more than {MaxAnswerBytes} bytes");
        }
    }

    // Each call to the kernel gets what is left of the whole time.
    private void Limit(Socket socket, AgentRequest request, long began)
    {
        var left = (int)(request.Limit - time.GetElapsedTime(began)).TotalMilliseconds;
        if (left <= 0)
            throw new SocketException((int)SocketError.TimedOut);
        (socket.SendTimeout, socket.ReceiveTimeout) = (left, left);
    }

    private static byte[] Head(AgentRequest request) => Encoding.ASCII.GetBytes(
        $"{request.Method} {request.Path} HTTP/1.1\r\nHost: node-agent\r\nContent-Type: application/json\r\n" +
        $"Content-Length: {request.Body.Length}\r\nConnection: close\r\n\r\n");

    private void Read(byte[] answer)
    {
        var end = answer.AsSpan().IndexOf("\r\n\r\n"u8);
        if (end < 0 || !answer.AsSpan().StartsWith("HTTP/1."u8) || answer.Length < 12 || !int.TryParse(answer.AsSpan(9, 3), out var status))
            throw Unavailable(answer.Length == 0 ? "it closed the connection without an answer" : "its answer is not HTTP");
        if (status == 200)
            return;
        var text = Encoding.UTF8.GetString(answer.AsSpan(end + 4)).Trim();
        throw status == 503
            ? Unavailable(text)
            : new CniException(CniErrorCode.RefusedByAgent, "the mesh's node agent cannot take the pod in yet", text);
    }

    private CniException Unavailable(string reason) => new(CniErrorCode.TryAgainLater, "the mesh's node agent is not available",
        $"{socketPath}: {reason}. The pod is not started outside the mesh; it starts by itself once the agent runs. " +
        "Look at the agent's DaemonSet pod on this node and its log.");
}
