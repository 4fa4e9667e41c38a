namespace Ambient.Http1.Heads;

public enum HeadStatus : byte
{
    /// <summary>Everything given was consumed; give more.</summary>
    NeedsMore,

    /// <summary><see cref="RequestParser.Head"/> may be read; what was not consumed is body or the next request.</summary>
    Complete,

    /// <summary>Answer <see cref="RequestParser.Error"/> and close: where the next message begins is no longer known.</summary>
    Refused,
}

/// <summary>Reads request heads (RFC 9112 §2 to §6) out of bytes that somebody else moves. Refuses whatever two readers could see differently.</summary>
/// <remarks>One request at a time: <see cref="Feed"/> until it does not need more, use the head, <see cref="Reset"/>.
/// How the bytes are cut makes no difference. Not thread-safe. Holds a pooled buffer from the first byte to <see cref="Reset"/>.</remarks>
public sealed class RequestParser(Http1Limits limits)
{
    private readonly LineBuffer _lines = new();
    private readonly LineLimits _requestLine =
        new(limits.RequestLineBytes, Http1Violation.RequestLineTooLong, limits.HeadBytes, Http1Violation.HeadTooLarge);
    private readonly LineLimits _fieldLine =
        new(limits.FieldLineBytes, Http1Violation.FieldLineTooLong, limits.HeadBytes, Http1Violation.HeadTooLarge);

    private HeadStatus _status;
    private bool _haveRequestLine, _skippedEmptyLine;

    /// <summary>Readable once <see cref="HeadStatus.Complete"/>, until <see cref="Reset"/>.</summary>
    public RequestHead Head { get; } = new();

    /// <summary>Set once <see cref="HeadStatus.Refused"/>.</summary>
    public Http1Error Error { get; private set; }

    /// <summary>A request has begun and is not whole: a silent peer may now be timed out with 408.</summary>
    public bool IsWithinHead => _status == HeadStatus.NeedsMore && _lines.Length > 0;

    /// <param name="consumed">How much of <paramref name="input"/> belonged to the head. Meaningless once refused.</param>
    public HeadStatus Feed(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        while (_status == HeadStatus.NeedsMore)
        {
            var whole = _lines.TryReadLine(input, ref consumed, _haveRequestLine ? _fieldLine : _requestLine, out var line, out var error);
            if (whole) error = ReadLine(line);
            if (!error.IsNone) return Refuse(error);
            if (!whole) return HeadStatus.NeedsMore;
        }

        return _status;
    }

    /// <summary>Forgets the head and gives its buffer back; ready for the next request.</summary>
    public void Reset()
    {
        _lines.Release();
        Head.Clear();
        Error = default;
        _status = HeadStatus.NeedsMore;
        _haveRequestLine = _skippedEmptyLine = false;
    }

    private Http1Error ReadLine((int Start, int Length) line)
    {
        Head.Rebase(_lines.Bytes);
        if (!_haveRequestLine) return ReadRequestLine(line);
        if (line.Length == 0) return Finish();
        if (Head.Fields.Count == limits.FieldCount) return Http1Error.TooLong(Http1Violation.TooManyFields, limits.FieldCount);
        return FieldLine.Read(_lines.Bytes, line, Head.Fields);
    }

    private Http1Error ReadRequestLine((int Start, int Length) line)
    {
        // RFC 9112 §2.2: old clients send an empty line after a body, so one is let pass.
        if (line.Length == 0 && !_skippedEmptyLine)
        {
            _skippedEmptyLine = true;
            return default;
        }

        if (line.Length == 0) return Http1Error.Of(Http1Violation.EmptyLinesBeforeRequest);
        _haveRequestLine = true;
        return RequestLine.Read(_lines.Bytes, line, Head);
    }

    private Http1Error Finish()
    {
        var error = HeadRules.Apply(Head, limits);
        if (error.IsNone) _status = HeadStatus.Complete;
        return error;
    }

    private HeadStatus Refuse(Http1Error error)
    {
        Error = error;
        return _status = HeadStatus.Refused;
    }
}
