namespace Ambient.Model.Routes;

/// <summary>How far a path is rewritten before anybody looks at it: <c>pathNormalization</c> of the mesh's configuration.</summary>
public enum PathNormalization : byte
{
    /// <summary>As sent.</summary>
    None,

    /// <summary>RFC 3986 §6.2.2: dot segments removed, unreserved characters decoded; a backslash counts as a slash.</summary>
    Base,

    /// <summary>The same, then runs of slashes become one.</summary>
    MergeSlashes,

    /// <summary>Encoded slashes and backslashes are decoded first, then the same.</summary>
    DecodeAndMergeSlashes,
}

/// <summary>The one form of a path that routing, policies, logs and the server see, so that none of them can be told another story.</summary>
public static class CanonicalPath
{
    /// <param name="path">Without query; begins with a slash.</param>
    /// <param name="output">At least as long as <paramref name="path"/>: the form is never longer.</param>
    /// <param name="length">Of the form within <paramref name="output"/>.</param>
    /// <returns>False for what has no form: a path without leading slash, a percent sign without two hexadecimal digits, an encoded NUL.</returns>
    public static bool TryWrite(ReadOnlySpan<byte> path, PathNormalization mode, Span<byte> output, out int length)
    {
        length = 0;
        if (path.IsEmpty || path[0] != '/') return false;
        if (!TryDecode(path, mode, output, out length)) return false;
        if (mode == PathNormalization.None) return true;

        length = RemoveDotSegments(output[..length]);
        if (mode >= PathNormalization.MergeSlashes) length = MergeSlashes(output[..length]);
        return true;
    }

    // With None everything stays, but what is malformed is found all the same.
    private static bool TryDecode(ReadOnlySpan<byte> path, PathNormalization mode, Span<byte> output, out int length)
    {
        length = 0;
        for (var at = 0; at < path.Length; at++)
        {
            var value = path[at];
            if (value == '%')
            {
                if (path.Length - at < 3 || !TryHex(path[at + 1], out var high) || !TryHex(path[at + 2], out var low)) return false;
                var decoded = (byte)(high << 4 | low);
                if (decoded == 0) return false;
                if (Decodes(decoded, mode)) at += 2;
                else decoded = value;
                value = decoded;
            }

            output[length++] = value == '\\' && mode != PathNormalization.None ? (byte)'/' : value;
        }

        return true;
    }

    private static bool Decodes(byte value, PathNormalization mode) =>
        mode switch
        {
            PathNormalization.None => false,
            PathNormalization.DecodeAndMergeSlashes => IsUnreserved(value) || value is (byte)'/' or (byte)'\\',
            _ => IsUnreserved(value),
        };

    // RFC 3986 §5.2.4, in place: what is written is never ahead of what is read.
    private static int RemoveDotSegments(Span<byte> path)
    {
        var (read, written) = (0, 0);
        while (read < path.Length)
        {
            var end = path[(read + 1)..].IndexOf((byte)'/');
            end = end < 0 ? path.Length : read + 1 + end;
            var segment = path[(read + 1)..end];
            var isLast = end == path.Length;
            if (segment.SequenceEqual(".."u8))
            {
                written = Math.Max(0, path[..written].LastIndexOf((byte)'/'));
                if (isLast) path[written++] = (byte)'/';
            }
            else if (segment.SequenceEqual("."u8))
            {
                if (isLast) path[written++] = (byte)'/';
            }
            else
            {
                path[read..end].CopyTo(path[written..]);
                written += end - read;
            }

            read = end;
        }

        if (written == 0) path[written++] = (byte)'/';
        return written;
    }

    private static int MergeSlashes(Span<byte> path)
    {
        var written = 0;
        foreach (var value in path)
            if (value != '/' || written == 0 || path[written - 1] != '/') path[written++] = value;
        return written;
    }

    private static bool IsUnreserved(byte value) =>
        char.IsAsciiLetterOrDigit((char)value) || value is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~';

    private static bool TryHex(byte digit, out int value)
    {
        value = char.IsAsciiHexDigit((char)digit) ? (digit & 0x0F) + (digit > '9' ? 9 : 0) : -1;
        return value >= 0;
    }
}
