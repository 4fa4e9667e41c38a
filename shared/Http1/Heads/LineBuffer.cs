using System.Buffers;

namespace Ambient.Http1.Heads;

/// <summary>Collects lines until they are whole, within limits, so that it does not matter where the bytes were cut.</summary>
/// <remarks>Owns a pooled buffer from the first byte until <see cref="Release"/>; an idle connection holds none.</remarks>
internal sealed class LineBuffer
{
    private int _lineStart;

    public byte[] Bytes { get; private set; } = [];

    /// <summary>Bytes collected, line ends included.</summary>
    public int Length { get; private set; }

    /// <summary>Moves bytes in up to the end of one line.</summary>
    /// <param name="consumed">Advanced past what was taken, also when the line is refused.</param>
    /// <param name="line">Where the line lies in <see cref="Bytes"/>, without its CRLF.</param>
    /// <returns>True with a line; false if more bytes are needed or the line was refused, which <paramref name="error"/> tells.</returns>
    public bool TryReadLine(
        ReadOnlySpan<byte> input, ref int consumed, LineLimits limits, out (int Start, int Length) line, out Http1Error error)
    {
        line = default;
        var rest = input[consumed..];
        var lineFeed = rest.IndexOf((byte)'\n');
        var wanted = lineFeed < 0 ? rest.Length : lineFeed + 1;

        // Whichever limit the bytes cross first is named, so that the answer is the same for every way of cutting them.
        var lineEnd = _lineStart + limits.LineBytes + 2;
        var nearest = Math.Min(lineEnd, limits.TotalBytes);
        if (Length + wanted > nearest)
        {
            error = nearest == lineEnd
                ? Http1Error.TooLong(limits.LineViolation, limits.LineBytes)
                : Http1Error.TooLong(limits.TotalViolation, limits.TotalBytes);
            return false;
        }

        Append(rest[..wanted]);
        consumed += wanted;
        error = default;
        return lineFeed >= 0 && TryCutLine(out line, out error);
    }

    public void Release()
    {
        if (Bytes.Length > 0) ArrayPool<byte>.Shared.Return(Bytes);
        Bytes = [];
        Length = 0;
        _lineStart = 0;
    }

    private bool TryCutLine(out (int Start, int Length) line, out Http1Error error)
    {
        var whole = Bytes.AsSpan(_lineStart..Length);
        line = (_lineStart, whole.Length - 2);
        _lineStart = Length;

        var carriageReturn = whole.IndexOf((byte)'\r');
        error = carriageReturn == whole.Length - 2 && carriageReturn >= 0 ? default
            : carriageReturn < 0 ? Http1Error.Of(Http1Violation.BareLineFeed)
            : Http1Error.Of(Http1Violation.BareCarriageReturn);
        return error.IsNone;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (Length + bytes.Length > Bytes.Length) Grow(Length + bytes.Length);
        bytes.CopyTo(Bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(needed, 1024), Bytes.Length * 2));
        Bytes.AsSpan(0, Length).CopyTo(larger);
        if (Bytes.Length > 0) ArrayPool<byte>.Shared.Return(Bytes);
        Bytes = larger;
    }
}

/// <summary>Two limits on collecting lines, each with the violation that names it.</summary>
internal readonly record struct LineLimits(int LineBytes, Http1Violation LineViolation, int TotalBytes, Http1Violation TotalViolation);
