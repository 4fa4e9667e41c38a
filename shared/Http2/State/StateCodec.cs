using System.Buffers;
using System.Buffers.Binary;

namespace Ambient.Http2.State;

/// <summary>
/// Writes fields or reads them back, by the same calls in the same order, so that the two cannot differ. Reading never goes
/// beyond the bytes: what is missing reads as zero and leaves <see cref="IsBroken"/>.
/// </summary>
internal sealed class StateCodec
{
    private readonly byte[]? _source;
    private readonly List<byte> _written = [];
    private int _at;

    /// <summary>A codec that writes.</summary>
    public StateCodec() { }

    /// <summary>A codec that reads.</summary>
    public StateCodec(byte[] source) => _source = source;

    public bool IsReading => _source is not null;

    public bool IsBroken { get; private set; }

    /// <summary>Everything was read, and nothing was missing.</summary>
    public bool IsComplete => !IsBroken && _at == (_source?.Length ?? _at);

    public byte[] ToArray() => [.. _written];

    public void Number(ref long value)
    {
        Span<byte> raw = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(raw, value);
        Raw(raw);
        value = BinaryPrimitives.ReadInt64LittleEndian(raw);
    }

    public void Number(ref int value)
    {
        Span<byte> raw = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(raw, value);
        Raw(raw);
        value = BinaryPrimitives.ReadInt32LittleEndian(raw);
    }

    public void Number(ref uint value)
    {
        var signed = (int)value;
        Number(ref signed);
        value = (uint)signed;
    }

    public void Flag(ref bool value)
    {
        var number = value ? 1 : 0;
        Number(ref number);
        value = number != 0;
    }

    /// <summary>The first <paramref name="count"/> bytes of an array, which is rented when it is read back.</summary>
    public void Bytes(ref byte[]? bytes, ref int count)
    {
        Number(ref count);
        if (!IsReading)
        {
            Raw(bytes.AsSpan(0, count));
            return;
        }
        if (count < 0 || count > _source!.Length - _at) (count, IsBroken) = (0, true);
        bytes = count > 0 ? ArrayPool<byte>.Shared.Rent(count) : null;
        Raw(bytes.AsSpan(0, count));
    }

    /// <summary>Bytes of a length that both sides know.</summary>
    public void Raw(Span<byte> raw)
    {
        if (!IsReading)
        {
            _written.AddRange(raw);
            return;
        }
        if (raw.Length > _source!.Length - _at)
        {
            IsBroken = true;
            raw.Clear();
            return;
        }
        _source.AsSpan(_at, raw.Length).CopyTo(raw);
        _at += raw.Length;
    }
}
