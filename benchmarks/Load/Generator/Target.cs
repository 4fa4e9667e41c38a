using System.Net;
using System.Net.Sockets;

namespace Ambient.Load.Generator;

/// <summary>Where the load goes, and whether the proxy there wants a CONNECT request first.</summary>
internal sealed record Target(IPEndPoint At, bool AskToConnect)
{
    /// <summary>A blocking connection with its purpose already announced.</summary>
    public Socket Connect(byte purpose)
    {
        var socket = new Socket(At.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(At);
        if (AskToConnect) Ask(socket);
        socket.Send([purpose]);
        return socket;
    }

    private static void Ask(Socket socket)
    {
        socket.Send(Wire.ConnectHead);
        var answer = new byte[1024];
        var length = 0;
        while (!answer.AsSpan(0, length).EndsWith(Wire.EndOfHead))
        {
            var read = socket.Receive(answer.AsSpan(length));
            if (read == 0) throw new IOException("The proxy closed the connection instead of answering CONNECT.");
            length += read;
        }
        if (!answer.AsSpan(0, length).StartsWith("HTTP/1.1 200"u8))
            throw new IOException($"The proxy answered: {System.Text.Encoding.ASCII.GetString(answer, 0, length)}");
    }
}
