namespace Ambient.Tls.Records;

/// <summary>Sealed records of the session itself that wait to be sent. Bounded by its user: never more than a handful.</summary>
internal sealed class ControlQueue
{
    private byte[]? _bytes; // most sessions never have any

    public int Length { get; private set; }

    /// <summary>True while a KeyUpdate waits: it answers any number of requests (RFC 8446 §4.6.3).</summary>
    public bool HoldsKeyUpdate { get; set; }

    public ReadOnlySpan<byte> Content => _bytes.AsSpan(0, Length);

    /// <summary>Room at the end, to be filled at once.</summary>
    public Span<byte> Append(int length)
    {
        Array.Resize(ref _bytes, Length + length);
        Length += length;
        return _bytes.AsSpan(Length - length, length);
    }

    public int Take(Span<byte> into)
    {
        Content.CopyTo(into);
        var taken = Length;
        (_bytes, Length, HoldsKeyUpdate) = (null, 0, false);
        return taken;
    }
}
