using System.Text;

namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>
/// Names inside a message (RFC 1035 §3.1, §4.1.4): labels of 1 to 63 bytes, at most 255 bytes with their lengths. A pointer
/// must point before the labels that led to it, and no name needs more of them than it can have labels, so every walk ends soon; the
/// label types that were never used are refused.
/// </summary>
internal static class DomainName
{
    public const int MaxWireLength = 255, MaxLabelLength = 63;

    private const int MaxPointers = MaxWireLength / 2;

    /// <summary>Longest text of a name: 255 bytes less the first length and the root, a dot between labels.</summary>
    public const int MaxTextLength = 253;

    /// <summary>Moves <paramref name="offset"/> behind the name; false and unmoved if it is malformed or cut off.</summary>
    public static bool TrySkip(ReadOnlySpan<byte> message, ref int offset)
    {
        var labels = new Labels(message, offset);
        while (labels.MoveNext())
        {
        }
        if (labels.IsMalformed)
            return false;

        offset = labels.End;
        return true;
    }

    /// <summary>Writes the name in lower case, without a trailing dot; the root is the empty text.</summary>
    /// <param name="text">At least <see cref="MaxTextLength"/> characters.</param>
    /// <returns>
    /// False if the name is malformed, or has a byte that no host name has (a dot inside a label, a space, control or 8-bit
    /// characters): such a name is legal DNS and is never one of ours.
    /// </returns>
    public static bool TryReadHostName(ReadOnlySpan<byte> message, int offset, Span<char> text, out int length)
    {
        length = 0;
        var labels = new Labels(message, offset);
        while (labels.MoveNext())
        {
            if (length > 0)
                text[length++] = '.';
            foreach (var letter in labels.Current)
            {
                if (letter is <= (byte)' ' or (byte)'.' or >= 0x7F)
                    return false;
                text[length++] = (char)ToLower(letter);
            }
        }
        return !labels.IsMalformed;
    }

    /// <summary>Writes a name made of plain labels: no escapes, no compression.</summary>
    /// <returns>The bytes written, or 0 if it is no name (an empty or too long label, too long as a whole, not ASCII) or does not fit.</returns>
    public static int Write(ReadOnlySpan<char> text, Span<byte> into)
    {
        var length = 0;
        foreach (var range in text.Split('.'))
        {
            var label = text[range];
            if (label.Length is 0 or > MaxLabelLength || !Ascii.IsValid(label) || length + label.Length + 2 > into.Length)
                return 0;
            into[length++] = (byte)label.Length;
            length += Encoding.ASCII.GetBytes(label, into[length..]);
        }
        into[length++] = 0;
        return length <= MaxWireLength ? length : 0;
    }

    /// <summary>Compares without regard to case (RFC 4343) and to how either is compressed; a malformed name equals nothing.</summary>
    public static bool Equal(ReadOnlySpan<byte> message, int offset, ReadOnlySpan<byte> otherMessage, int otherOffset)
    {
        var labels = new Labels(message, offset);
        var others = new Labels(otherMessage, otherOffset);
        while (labels.MoveNext())
        {
            if (!others.MoveNext() || !EqualIgnoringCase(labels.Current, others.Current))
                return false;
        }
        return !others.MoveNext() && !labels.IsMalformed && !others.IsMalformed;
    }

    /// <summary>For people and logs: dots between labels, anything unusual as \DDD (RFC 1035 §5.1); "." for the root.</summary>
    public static string ToText(ReadOnlySpan<byte> message, int offset)
    {
        var text = new StringBuilder();
        var labels = new Labels(message, offset);
        while (labels.MoveNext())
        {
            foreach (var letter in labels.Current)
            {
                if (letter is <= (byte)' ' or (byte)'.' or (byte)'\\' or (byte)'"' or >= 0x7F)
                    text.Append('\\').Append(letter.ToString("D3"));
                else
                    text.Append((char)letter);
            }
            text.Append('.');
        }
        return labels.IsMalformed ? "(malformed)" : text.Length == 0 ? "." : text.ToString();
    }

    private static bool EqualIgnoringCase(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        if (one.Length != other.Length)
            return false;
        for (var i = 0; i < one.Length; i++)
        {
            if (ToLower(one[i]) != ToLower(other[i]))
                return false;
        }
        return true;
    }

    private static byte ToLower(byte letter) => letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;

    /// <summary>Walks the labels of one name, following pointers backwards only.</summary>
    private ref struct Labels(ReadOnlySpan<byte> message, int offset)
    {
        private readonly ReadOnlySpan<byte> _message = message;
        private int _next = offset;
        private int _sequenceStart = offset; // a pointer must lead before this: that is what makes loops impossible
        private int _wireLength = 1;         // the root
        private int _pointers;

        public ReadOnlySpan<byte> Current { get; private set; }

        public bool IsMalformed { get; private set; }

        /// <summary>The offset behind the name where it was found; valid once <see cref="MoveNext"/> has returned false.</summary>
        public int End { get; private set; }

        public bool MoveNext()
        {
            while (!IsMalformed && (uint)_next < (uint)_message.Length)
            {
                int length = _message[_next];
                if (length == 0)
                {
                    if (_pointers == 0)
                        End = _next + 1;
                    return false;
                }
                if (length <= MaxLabelLength)
                    return Take(length);
                if ((length & 0xC0) != 0xC0 || !Jump())
                    break;
            }
            IsMalformed = true;
            return false;
        }

        private bool Take(int length)
        {
            _wireLength += length + 1;
            if (_next + 1 + length > _message.Length || _wireLength > MaxWireLength)
            {
                IsMalformed = true;
                return false;
            }
            Current = _message.Slice(_next + 1, length);
            _next += length + 1;
            return true;
        }

        private bool Jump()
        {
            if (_next + 1 >= _message.Length)
                return false;
            var target = (_message[_next] & 0x3F) << 8 | _message[_next + 1];
            if (target >= _sequenceStart || target < DnsHeader.Size || _pointers == MaxPointers)
                return false;
            if (_pointers++ == 0)
                End = _next + 2;
            _sequenceStart = _next = target;
            return true;
        }
    }
}
