using System.Buffers;
using Ambient.Http1.Bodies;

namespace Ambient.Hosting.Pages;

/// <summary>The body of a response that is written while it is sent: it goes as fast as the client takes it, and little of it is in memory at once.</summary>
/// <remarks>On the server's loop only.</remarks>
public sealed class PageBody : IBufferWriter<byte>, IDisposable
{
    private const int EnoughBytes = 32 * 1024;

    private readonly ArrayBufferWriter<byte> _written = new(EnoughBytes * 2);
    private readonly MemoryStream _encoded = new();
    private readonly Stream? _encoder;
    private readonly BodyFraming _framing;
    private readonly Func<ReadOnlyMemory<byte>, ValueTask<bool>> _send;

    /// <param name="send">False if nobody takes it any more.</param>
    internal PageBody(ContentCoding coding, BodyFraming framing, Func<ReadOnlyMemory<byte>, ValueTask<bool>> send) =>
        (_framing, _send, _encoder) = (framing, send, coding.IsEncoded ? coding.EncoderTo(_encoded) : null);

    /// <summary>Between two parts: sends what has gathered, if that is enough to be worth it.</summary>
    /// <returns>False if nobody takes it any more.</returns>
    public ValueTask<bool> FlushAsync() => _written.WrittenCount < EnoughBytes ? new(true) : SendAsync(isLast: false);

    public void Advance(int count) => _written.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _written.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _written.GetSpan(sizeHint);

    public void Dispose() => _encoder?.Dispose();

    /// <summary>All is written.</summary>
    internal ValueTask<bool> EndAsync() => SendAsync(isLast: true);

    private async ValueTask<bool> SendAsync(bool isLast)
    {
        var data = Encode(isLast);
        var output = data;
        if (_framing.Kind == BodyKind.Chunked)
        {
            var framed = new ArrayBufferWriter<byte>(data.Length + 32);
            ChunkedEncoder.WriteChunk(framed, data.Span);
            if (isLast) ChunkedEncoder.WriteEnd(framed);
            output = framed.WrittenMemory;
        }

        var isTaken = output.IsEmpty || await _send(output);
        _written.ResetWrittenCount();
        _encoded.SetLength(0);
        return isTaken;
    }

    private ReadOnlyMemory<byte> Encode(bool isLast)
    {
        if (_encoder is null) return _written.WrittenMemory;
        _encoder.Write(_written.WrittenSpan);
        if (isLast) _encoder.Dispose();
        return _encoded.GetBuffer().AsMemory(0, (int)_encoded.Length);
    }
}
