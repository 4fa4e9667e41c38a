using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ambient.HttpProxy.Tests.Scenes;

/// <summary>One end of a TCP connection as a test sees it: text out, text in.</summary>
internal sealed class Wire(Socket socket) : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly StringBuilder _unread = new();
    private readonly byte[] _buffer = new byte[64 * 1024];

    public Socket Socket => socket;

    public static async Task<Wire> ConnectAsync(IPEndPoint to)
    {
        var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(to).WaitAsync(Limit);
        return new(socket);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await socket.SendAsync(bytes).AsTask().WaitAsync(Limit)..];
    }

    /// <summary>Sends as long as the peer takes it.</summary>
    public async Task TrySendAsync(string text)
    {
        try
        {
            await SendAsync(text);
        }
        catch (SocketException)
        {
            // it has ended the connection
        }
    }

    public void Finish() => socket.Shutdown(SocketShutdown.Send);

    public void Reset()
    {
        socket.LingerState = new(true, 0);
        socket.Dispose();
    }

    /// <summary>Reads up to and including <paramref name="end"/>.</summary>
    public async Task<string> ReadToAsync(string end)
    {
        while (true)
        {
            var text = _unread.ToString();
            var at = text.IndexOf(end, StringComparison.Ordinal);
            if (at >= 0)
            {
                _unread.Clear().Append(text[(at + end.Length)..]);
                return text[..(at + end.Length)];
            }

            if (await ReceiveAsync() == 0) throw new EndOfStreamException($"The peer ended after '{text}'.");
        }
    }

    /// <summary>A head, its empty line included.</summary>
    public Task<string> ReadHeadAsync() => ReadToAsync("\r\n\r\n");

    /// <summary>Reads frames of HTTP/2 up to one of that type and stream; a preface before them is passed over.</summary>
    /// <returns>Its flags and payload.</returns>
    public async Task<(byte Flags, string Payload)> ReadFrameAsync(byte type, uint stream)
    {
        while (true)
        {
            var head = await ReadAsync(9);
            if (head == Frames.Preface[..9])
            {
                await ReadAsync(Frames.Preface.Length - 9);
                continue;
            }

            var payload = await ReadAsync(head[0] << 16 | head[1] << 8 | head[2]);
            if (head[3] == type && ((uint)head[5] << 24 | (uint)head[6] << 16 | (uint)head[7] << 8 | head[8]) == stream) return ((byte)head[4], payload);
        }
    }

    /// <returns>Type, flags and stream of the next frame of HTTP/2, whose payload is dropped.</returns>
    public async Task<(byte Type, byte Flags, uint Stream)> ReadAnyFrameAsync(CancellationToken stop)
    {
        var head = await ReadAsync(9, stop);
        await ReadAsync(head[0] << 16 | head[1] << 8 | head[2], stop);
        return ((byte)head[3], (byte)head[4], (uint)head[5] << 24 | (uint)head[6] << 16 | (uint)head[7] << 8 | head[8]);
    }

    public async Task<string> ReadAsync(int count, CancellationToken stop = default)
    {
        while (_unread.Length < count)
            if (await ReceiveAsync(stop) == 0) throw new EndOfStreamException($"The peer ended after '{_unread}'.");
        var text = _unread.ToString();
        _unread.Clear().Append(text[count..]);
        return text[..count];
    }

    /// <summary>All that comes until the peer finishes.</summary>
    /// <exception cref="SocketException">It resets instead.</exception>
    public async Task<string> ReadToEndAsync()
    {
        while (await ReceiveAsync() > 0) { }
        return _unread.ToString();
    }

    /// <summary>All that comes until the peer finishes, or resets.</summary>
    public async Task<string> ReadUntilEndAsync()
    {
        await IsResetAsync();
        return _unread.ToString();
    }

    /// <summary>The same, and whether it reset.</summary>
    public async Task<(string Text, bool WasReset)> ReadUntilOverAsync()
    {
        var wasReset = await IsResetAsync();
        return (_unread.ToString(), wasReset);
    }

    /// <summary>True if the peer resets, false if it finishes in good order.</summary>
    public async Task<bool> IsResetAsync()
    {
        try
        {
            await ReadToEndAsync();
            return false;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }

    public void Dispose() => socket.Dispose();

    private async Task<int> ReceiveAsync(CancellationToken stop = default)
    {
        var count = await socket.ReceiveAsync(_buffer, stop).AsTask().WaitAsync(Limit, CancellationToken.None);
        _unread.Append(Encoding.Latin1.GetString(_buffer, 0, count));
        return count;
    }
}
