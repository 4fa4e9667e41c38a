using System.Text;
using Ambient.Http2;

namespace Ambient.HttpProxy.Tests.Scenes;

/// <summary>One exchange of an <see cref="Http2Wire"/>.</summary>
internal sealed class Http2WireStream(Http2Wire wire)
{
    private readonly StringBuilder _body = new();

    public Http2Stream Http2 { get; set; } = null!;

    /// <summary>Heads as they came, each field as "name: value"; interim ones too.</summary>
    public List<string[]> Heads { get; } = [];

    public string[]? Trailers { get; private set; }

    public bool HasEnded { get; private set; }

    public Http2ErrorCode? ResetCode { get; set; }

    /// <summary>Bytes of the body are given back to the sender as they come; set to false by tests of a slow reader.</summary>
    public bool Reads { get; set; } = true;

    /// <summary>Bytes of a body that were sent so far.</summary>
    public int Sent { get; private set; }

    /// <summary>Reads what it has not read so far, and all that comes.</summary>
    public void Take() => wire.Do(() =>
    {
        if (!Reads && _body.Length > 0 && !Http2.IsClosed) wire.Http2.Credit(Http2, _body.Length);
        Reads = true;
    });

    public string Body
    {
        get { lock (wire.Http2) return _body.ToString(); }
    }

    /// <summary>Waits for the head, the first or a later one.</summary>
    public async Task<string[]> HeadAsync(int number = 1)
    {
        await wire.UntilAsync(() => Heads.Count >= number || ResetCode is not null, $"head {number}");
        return Heads.Count >= number ? Heads[number - 1] : throw new IOException($"The stream was reset with {ResetCode}.");
    }

    public async Task<string> BodyAsync()
    {
        await wire.UntilAsync(() => HasEnded || ResetCode is not null, "the body's end");
        return HasEnded ? Body : throw new IOException($"The stream was reset with {ResetCode} after '{Body}'.");
    }

    public Task BodyAsync(int length) => wire.UntilAsync(() => _body.Length >= length || ResetCode is not null, $"{length} bytes");

    public async Task<Http2ErrorCode> WaitForResetAsync()
    {
        await wire.UntilAsync(() => ResetCode is not null, "a reset");
        return ResetCode!.Value;
    }

    public void SendHead(bool endStream, params string[] fields) => wire.Do(() => wire.Http2.SendHeaders(Http2, Http2Wire.ListOf(fields), endStream));

    /// <summary>Sends as the windows let it.</summary>
    public async Task SendAsync(string text, bool endStream = false)
    {
        var rest = ProxyScene.Bytes(text).AsMemory();
        do
        {
            var sendable = 0;
            if (!rest.IsEmpty) await wire.UntilAsync(() => ResetCode is not null || (sendable = wire.Http2.Sendable(Http2)) > 0, "the window");
            if (ResetCode is not null) return;
            var piece = rest[..Math.Min(Math.Min(sendable, rest.Length), wire.Cut ?? int.MaxValue)];
            rest = rest[piece.Length..];
            wire.Do(() =>
            {
                if (Http2.IsClosed) return;
                wire.Http2.SendData(Http2, piece.Span, endStream && rest.IsEmpty);
                Sent += piece.Length;
            });
        }
        while (!rest.IsEmpty);
    }

    public void Reset(Http2ErrorCode code) => wire.Do(() => wire.Http2.Reset(Http2, code));

    internal void OnHeaders(HeaderList headers, bool endStream)
    {
        var lines = new string[headers.Count];
        for (var i = 0; i < lines.Length; i++) lines[i] = $"{Text(headers[i].Name)}: {Text(headers[i].Value)}";
        if (headers.Kind == HeaderKind.Trailers) Trailers = lines;
        else Heads.Add(lines);
        HasEnded |= endStream;
    }

    internal void OnData(ReadOnlySpan<byte> chunk, bool endStream)
    {
        _body.Append(Text(chunk));
        if (Reads) wire.Http2.Credit(Http2, chunk.Length);
        HasEnded |= endStream;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
