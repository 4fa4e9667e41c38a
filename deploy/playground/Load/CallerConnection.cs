using System.Net.Sockets;
using System.Text;

namespace Ambient.Playground.Load;

/// <summary>One connection of a caller: asks, and reads the answer to its end.</summary>
internal sealed class CallerConnection(Socket socket) : IDisposable
{
    private const string Body = "an order";

    private readonly byte[] _buffer = new byte[4096];

    /// <summary>The server has not closed it, as far as is known.</summary>
    public bool IsOpen => !socket.Poll(0, SelectMode.SelectRead);

    /// <summary>The last answer did not say that it was the last.</summary>
    public bool MayAskAgain { get; private set; }

    /// <exception cref="IOException">It was not answered with 200 and its own path.</exception>
    public async Task AskAsync(string method, string path, bool keeps, CancellationToken patience)
    {
        MayAskAgain = false;
        var body = method == "POST" ? Body : "";
        var request = $"{method} {path} HTTP/1.1\r\nHost: shop\r\n{(keeps ? "" : "Connection: close\r\n")}{(body.Length > 0 ? $"Content-Length: {body.Length}\r\n" : "")}\r\n{body}";
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), patience);
        var answer = await ReadAsync(patience);
        if (!answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) || !answer.TrimEnd().EndsWith($" {path}", StringComparison.Ordinal)) throw new IOException(Shown(answer));
        MayAskAgain = !answer.Contains("\r\nconnection: close\r\n", StringComparison.OrdinalIgnoreCase);
    }

    public void Dispose() => socket.Dispose();

    // The head, and as many bytes as it announces.
    private async Task<string> ReadAsync(CancellationToken patience)
    {
        for (var got = 0; got < _buffer.Length;)
        {
            var read = await socket.ReceiveAsync(_buffer.AsMemory(got), patience);
            if (read == 0) throw new IOException($"the connection ended after {got} bytes: {Shown(Encoding.ASCII.GetString(_buffer, 0, got))}");
            got += read;
            var text = Encoding.ASCII.GetString(_buffer, 0, got);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && got >= end + 4 + LengthIn(text[..end])) return text;
        }
        throw new IOException("the answer is longer than expected");
    }

    private static int LengthIn(string head)
    {
        const string name = "\r\ncontent-length:";
        var at = head.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? 0 : int.Parse(head[(at + name.Length)..].Split('\r')[0].Trim());
    }

    private static string Shown(string text) => $"'{text.ReplaceLineEndings(" | ")}'";
}
