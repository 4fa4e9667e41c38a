using System.Buffers;
using System.Buffers.Text;
using Ambient.Http1.Heads;

namespace Ambient.Http1.Bodies;

/// <summary>Writes chunked transfer coding (RFC 9112 §7.1).</summary>
public static class ChunkedEncoder
{
    /// <summary>One chunk. Empty data writes nothing, because an empty chunk would end the body.</summary>
    public static void WriteChunk(IBufferWriter<byte> output, ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) return;
        WriteChunkStart(output, data.Length);
        output.Write(data);
        WriteChunkEnd(output);
    }

    /// <summary>The size line of a chunk whose <paramref name="length"/> bytes the caller places behind it.</summary>
    /// <param name="length">At least 1.</param>
    public static void WriteChunkStart(IBufferWriter<byte> output, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        var space = output.GetSpan(10);
        Utf8Formatter.TryFormat(length, space, out var written, 'x');
        "\r\n"u8.CopyTo(space[written..]);
        output.Advance(written + 2);
    }

    public static void WriteChunkEnd(IBufferWriter<byte> output) => output.Write("\r\n"u8);

    /// <summary>Ends a body that has no trailers.</summary>
    public static void WriteEnd(IBufferWriter<byte> output) => output.Write("0\r\n\r\n"u8);

    /// <summary>Ends a body with the trailers that were read behind another.</summary>
    public static void WriteEnd(IBufferWriter<byte> output, FieldSection trailers)
    {
        output.Write("0\r\n"u8);
        foreach (var field in trailers) HeadText.WriteChecked(output, field.Name, field.Value);
        output.Write("\r\n"u8);
    }
}
