using System.Buffers;

namespace Ambient.Http1.Heads;

/// <summary>Fills a head, or trailers, from parts that did not come as lines of text: the fields of an HTTP/2 header block.</summary>
/// <remarks>What the parts are made of was checked by whoever read them: names are tokens, values free of controls. Bytes are copied, into a
/// pooled buffer that is held from the first part to <see cref="Reset"/>. Reusable; not thread-safe.</remarks>
public abstract class HeadBuilder
{
    private readonly Http1Limits _limits;
    private byte[] _bytes = [];
    private int _length;

    private protected HeadBuilder(Http1Limits limits) => _limits = limits;

    private protected abstract FieldSection Fields { get; }

    /// <param name="neverIndexed">See <see cref="Field"/>.</param>
    public void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed = false)
    {
        var (nameStart, _) = Append(name);
        var (valueStart, _) = Append(value);
        Fields.Add(nameStart, name.Length, valueStart, value.Length, neverIndexed);
    }

    /// <summary>Makes the value of the field added last longer.</summary>
    public void Extend(ReadOnlySpan<byte> more)
    {
        Append(more);
        Fields.ExtendLast(more.Length);
    }

    /// <summary>Forgets the head and gives its buffer back; ready for the next one.</summary>
    public void Reset()
    {
        Clear();
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, _length) = ([], 0);
    }

    private protected abstract void Clear();

    private protected abstract void Rebase(byte[] bytes);

    private protected Http1Error CheckCount() =>
        Fields.Count > _limits.FieldCount ? Http1Error.TooLong(Http1Violation.TooManyFields, _limits.FieldCount) : default;

    private protected (int Start, int Length) Append(ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > _bytes.Length) Grow(_length + bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
        return (_length - bytes.Length, bytes.Length);
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(needed, 1024), _bytes.Length * 2));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
        Rebase(larger);
    }
}
