using Ambient.Http1.Heads;

namespace Ambient.Http1.Bodies;

public enum BodyStatus : byte
{
    /// <summary>Everything given was consumed and the body goes on.</summary>
    NeedsMore,

    /// <summary>A piece of the body was found; ask again with the rest.</summary>
    Data,

    /// <summary>The body is over; trailers may be read; what was not consumed is the next message.</summary>
    Complete,

    /// <summary>See <see cref="BodyReader.Error"/>; close the connection.</summary>
    Refused,
}

/// <param name="Consumed">Bytes of the input that are dealt with, <see cref="DataStart"/> and <see cref="DataLength"/> within them.</param>
public readonly record struct BodyStep(BodyStatus Status, int Consumed, int DataStart = 0, int DataLength = 0);

/// <summary>Finds the body in bytes that somebody else moves: pieces are slices of what was given, nothing is copied.</summary>
/// <remarks>How the bytes are cut changes the pieces, never their sum nor how it ends. Not thread-safe; reusable by <see cref="Begin"/>.</remarks>
public sealed class BodyReader(Http1Limits limits)
{
    private readonly ChunkedDecoder _chunks = new(limits);
    private BodyFraming _framing;
    private long _remaining, _read;

    public Http1Error Error { get; private set; }

    /// <summary>What followed a chunked body, less fields that may not be trailers (RFC 9110 §6.5.1). Valid until <see cref="Begin"/>.</summary>
    public FieldSection Trailers => _chunks.Trailers;

    /// <summary>There is no body, or one of known length has been read to its end: <see cref="Next"/> would say so, and there are no trailers.</summary>
    public bool IsComplete => _framing.Kind is BodyKind.None or BodyKind.Length && _remaining == 0;

    /// <summary>Bytes of the body that were not found yet; <see cref="long.MaxValue"/> if its length is not known.</summary>
    public long Left => _framing.Kind is BodyKind.None or BodyKind.Length ? _remaining : long.MaxValue;

    public void Begin(BodyFraming framing)
    {
        _framing = framing;
        _remaining = framing.Length;
        _read = 0;
        Error = default;
        _chunks.Reset();
    }

    /// <summary>Deals with a front part of <paramref name="input"/>; call until it needs more or is over.</summary>
    public BodyStep Next(ReadOnlySpan<byte> input)
    {
        if (!Error.IsNone) return new(BodyStatus.Refused, 0);
        var step = _framing.Kind switch
        {
            BodyKind.None => new(BodyStatus.Complete, 0),
            BodyKind.Length => NextOfLength(input),
            BodyKind.UntilClose => input.IsEmpty ? new(BodyStatus.NeedsMore, 0) : new(BodyStatus.Data, input.Length, 0, input.Length),
            _ => _chunks.Next(input),
        };
        if (step.Status == BodyStatus.Refused) Error = _chunks.Error;
        if (step.DataLength > limits.BodyBytes - _read) return Refuse(Http1Error.BodyTooLarge(limits.BodyBytes));

        _read += step.DataLength;
        return step;
    }

    private BodyStep NextOfLength(ReadOnlySpan<byte> input)
    {
        if (_remaining == 0) return new(BodyStatus.Complete, 0);
        if (input.IsEmpty) return new(BodyStatus.NeedsMore, 0);

        var length = (int)Math.Min(_remaining, input.Length);
        _remaining -= length;
        return new(BodyStatus.Data, length, 0, length);
    }

    private BodyStep Refuse(Http1Error error)
    {
        Error = error;
        return new(BodyStatus.Refused, 0);
    }
}
