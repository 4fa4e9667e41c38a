using Ambient.Http1.Heads;

namespace Ambient.Http1.Bodies;

/// <summary>Reads chunked transfer coding (RFC 9112 §7.1), byte by byte around the data and in slices within it.</summary>
internal sealed class ChunkedDecoder(Http1Limits limits)
{
    private enum Place : byte { SizeStart, Size, Extension, SizeEnd, Data, DataEnd, DataLineFeed, Trailers, Over }

    // 15 digits stay below 2^60: sums of sizes cannot overflow, and no body is that large.
    private const int MaxSizeDigits = 15;

    private readonly LineBuffer _lines = new();
    private readonly LineLimits _trailerLine =
        new(limits.TrailerBytes, Http1Violation.TrailersTooLarge, limits.TrailerBytes, Http1Violation.TrailersTooLarge);

    private Place _place;
    private long _size, _announced;
    private int _lineBytes, _digits;

    public Http1Error Error { get; private set; }

    public FieldSection Trailers { get; } = new();

    public void Reset()
    {
        _lines.Release();
        Trailers.Clear();
        Trailers.Rebase([]);
        Error = default;
        _place = Place.SizeStart;
        _size = _announced = 0;
        _lineBytes = _digits = 0;
    }

    public BodyStep Next(ReadOnlySpan<byte> input)
    {
        var at = 0;
        while (at < input.Length)
        {
            if (_place == Place.Over) break;
            if (_place == Place.Data) return TakeData(input, at);
            if (_place == Place.Trailers)
            {
                if (!TakeTrailers(input, ref at)) break;
                continue;
            }

            if (!TakeByte(input[at])) break;
            at++;
        }

        return new(Error.IsNone ? _place == Place.Over ? BodyStatus.Complete : BodyStatus.NeedsMore : BodyStatus.Refused, at);
    }

    private BodyStep TakeData(ReadOnlySpan<byte> input, int at)
    {
        var length = (int)Math.Min(_size, input.Length - at);
        _size -= length;
        if (_size == 0) _place = Place.DataEnd;
        return new(BodyStatus.Data, at + length, at, length);
    }

    private bool TakeByte(byte value) => _place switch
    {
        Place.SizeStart or Place.Size => CountLineByte(value) && TakeSize(value),
        Place.Extension => CountLineByte(value) && TakeExtension(value),
        Place.SizeEnd => value == '\n' ? EndSizeLine() : Refuse(Http1Violation.BareCarriageReturn),
        Place.DataEnd => value == '\r' ? Go(Place.DataLineFeed) : Refuse(Http1Violation.BadChunkEnd),
        _ => value == '\n' ? Go(Place.SizeStart) : Refuse(Http1Violation.BadChunkEnd),
    };

    // The line's own CR is not counted.
    private bool CountLineByte(byte value) =>
        value == '\r' || ++_lineBytes <= limits.ChunkLineBytes
        || Refuse(Http1Error.TooLong(Http1Violation.ChunkLineTooLong, limits.ChunkLineBytes));

    private bool TakeSize(byte value)
    {
        if (char.IsAsciiHexDigit((char)value))
        {
            if (++_digits > MaxSizeDigits) return Refuse(Http1Violation.BadChunkSize);
            _size = _size << 4 | (long)Hex(value);
            return Go(Place.Size);
        }

        if (value == '\n') return Refuse(Http1Violation.BareLineFeed);
        if (_place == Place.SizeStart) return Refuse(Http1Violation.BadChunkSize);
        return value switch
        {
            (byte)'\r' => Go(Place.SizeEnd),
            (byte)';' => Go(Place.Extension),
            _ => Refuse(Http1Violation.BadChunkSize),
        };
    }

    private bool TakeExtension(byte value) => value switch
    {
        (byte)'\r' => Go(Place.SizeEnd),
        (byte)'\n' => Refuse(Http1Violation.BareLineFeed),
        (byte)'\t' => true,
        < 0x20 or 0x7F => Refuse(Http1Violation.BadChunkExtension),
        _ => true,
    };

    private bool EndSizeLine()
    {
        _lineBytes = _digits = 0;
        // Refused before a byte of the chunk is passed on, so that a limit is a limit however the data arrives.
        if (_size > limits.BodyBytes - _announced) return Refuse(Http1Error.BodyTooLarge(limits.BodyBytes));
        _announced += _size;
        return Go(_size == 0 ? Place.Trailers : Place.Data);
    }

    private bool TakeTrailers(ReadOnlySpan<byte> input, ref int at)
    {
        if (!_lines.TryReadLine(input, ref at, _trailerLine, out var line, out var error))
            return error.IsNone ? false : Refuse(error);
        if (line.Length == 0) return Go(Place.Over);
        if (Trailers.Count == limits.TrailerCount) return Refuse(Http1Error.TooLong(Http1Violation.TooManyTrailers, limits.TrailerCount));

        Trailers.Rebase(_lines.Bytes);
        error = FieldLine.Read(_lines.Bytes, line, Trailers);
        if (!error.IsNone) return Refuse(error);
        if (TrailerRules.IsForbidden(Trailers[Trailers.Count - 1].Name)) Trailers.RemoveLast();
        return true;
    }

    private bool Go(Place place)
    {
        _place = place;
        return true;
    }

    private bool Refuse(Http1Violation violation) => Refuse(Http1Error.Of(violation));

    private bool Refuse(Http1Error error)
    {
        Error = error;
        return false;
    }

    private static int Hex(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
