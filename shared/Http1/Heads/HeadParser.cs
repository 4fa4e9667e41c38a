namespace Ambient.Http1.Heads;

public enum HeadStatus : byte
{
    /// <summary>Everything given was consumed; give more.</summary>
    NeedsMore,

    /// <summary>The parser's head may be read; what was not consumed is body or the next message.</summary>
    Complete,

    /// <summary>See <see cref="HeadParser.Error"/> and close: where the next message begins is no longer known.</summary>
    Refused,
}

/// <summary>Reads heads (RFC 9112 §2 to §6) out of bytes that somebody else moves. Refuses whatever two readers could see differently.</summary>
/// <remarks>One head at a time: <see cref="Feed"/> until it does not need more, use the head, <see cref="Reset"/>.
/// How the bytes are cut makes no difference. Not thread-safe. Holds a pooled buffer from the first byte to <see cref="Reset"/>.</remarks>
public abstract class HeadParser
{
    private readonly Http1Limits _limits;
    private readonly LineBuffer _lines = new();
    private readonly LineLimits _startLine, _fieldLine;

    private HeadStatus _status;
    private bool _haveStartLine;

    private protected HeadParser(Http1Limits limits, Http1Violation startLineTooLong)
    {
        _limits = limits;
        _startLine = new(limits.RequestLineBytes, startLineTooLong, limits.HeadBytes, Http1Violation.HeadTooLarge);
        _fieldLine = new(limits.FieldLineBytes, Http1Violation.FieldLineTooLong, limits.HeadBytes, Http1Violation.HeadTooLarge);
    }

    /// <summary>Set once <see cref="HeadStatus.Refused"/>.</summary>
    public Http1Error Error { get; private set; }

    /// <summary>A head has begun and is not whole: a silent peer may now be timed out.</summary>
    public bool IsWithinHead => _status == HeadStatus.NeedsMore && _lines.Length > 0;

    private protected abstract FieldSection Fields { get; }

    /// <param name="consumed">How much of <paramref name="input"/> belonged to the head. Meaningless once refused.</param>
    public HeadStatus Feed(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        while (_status == HeadStatus.NeedsMore)
        {
            var whole = _lines.TryReadLine(input, ref consumed, _haveStartLine ? _fieldLine : _startLine, out var line, out var error);
            if (whole) error = ReadLine(line);
            if (!error.IsNone) return Refuse(error);
            if (!whole) return HeadStatus.NeedsMore;
        }

        return _status;
    }

    /// <summary>Forgets the head and gives its buffer back; ready for the next one.</summary>
    public void Reset()
    {
        _lines.Release();
        Clear();
        Error = default;
        _status = HeadStatus.NeedsMore;
        _haveStartLine = false;
    }

    /// <returns>True if this empty line before the head is let pass.</returns>
    private protected virtual bool SkipsEmptyLine() => false;

    private protected abstract Http1Error ReadStartLine(byte[] bytes, (int Start, int Length) line);

    private protected abstract Http1Error ApplyRules(Http1Limits limits);

    private protected abstract void Rebase(byte[] bytes);

    private protected abstract void Clear();

    private Http1Error ReadLine((int Start, int Length) line)
    {
        Rebase(_lines.Bytes);
        if (!_haveStartLine)
        {
            if (line.Length == 0 && SkipsEmptyLine()) return default;
            _haveStartLine = true;
            return ReadStartLine(_lines.Bytes, line);
        }

        if (line.Length == 0) return Finish();
        if (Fields.Count == _limits.FieldCount) return Http1Error.TooLong(Http1Violation.TooManyFields, _limits.FieldCount);
        return FieldLine.Read(_lines.Bytes, line, Fields);
    }

    private Http1Error Finish()
    {
        var error = ApplyRules(_limits);
        if (error.IsNone) _status = HeadStatus.Complete;
        return error;
    }

    private HeadStatus Refuse(Http1Error error)
    {
        Error = error;
        return _status = HeadStatus.Refused;
    }
}
