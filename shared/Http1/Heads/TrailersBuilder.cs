using Ambient.Http1.Bodies;

namespace Ambient.Http1.Heads;

/// <summary>Builds the trailers of a message.</summary>
public sealed class TrailersBuilder(Http1Limits limits) : HeadBuilder(limits)
{
    private readonly int _most = limits.TrailerCount;

    /// <summary>Readable until <see cref="HeadBuilder.Reset"/>.</summary>
    public FieldSection Trailers { get; } = new();

    private protected override FieldSection Fields => Trailers;

    /// <summary>Adds a field, unless it may not be a trailer (RFC 9110 §6.5.1).</summary>
    /// <returns>Something if there are more than the limits allow.</returns>
    public Http1Error AddTrailer(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool neverIndexed)
    {
        if (TrailerRules.IsForbidden(name)) return default;
        Add(name, value, neverIndexed);
        return Trailers.Count > _most ? Http1Error.TooLong(Http1Violation.TooManyTrailers, _most) : default;
    }

    private protected override void Clear()
    {
        Trailers.Clear();
        Rebase([]);
    }

    private protected override void Rebase(byte[] bytes) => Trailers.Rebase(bytes);
}
