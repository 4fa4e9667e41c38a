namespace Ambient.HttpProxy.Bodies;

/// <summary>Counts what passes of one body at a time: its bytes, and the messages of gRPC in it. On the loop only; keeps nothing of the body.</summary>
/// <remarks>A message of gRPC is a prefix of five bytes (a flag, its length in network order) and so many bytes ("gRPC over HTTP2", Length-Prefixed-Message).</remarks>
internal sealed class BodyMeter
{
    private const int PrefixLength = 5;

    private int _prefixSeen;
    private uint _length;
    private long _rest;
    private bool _hasMessages;

    public long Bytes { get; private set; }

    /// <summary>Messages that have begun; 0 for what is not gRPC.</summary>
    public long Messages { get; private set; }

    /// <summary>No message is half passed.</summary>
    public bool IsBetweenMessages => _prefixSeen == 0 && _rest == 0;

    /// <param name="hasMessages">The body is of gRPC.</param>
    public void Begin(bool hasMessages) => (Bytes, Messages, _prefixSeen, _rest, _hasMessages) = (0, 0, 0, 0, hasMessages);

    public void Add(ReadOnlySpan<byte> data)
    {
        Bytes += data.Length;
        if (!_hasMessages) return;
        while (!data.IsEmpty)
        {
            if (_rest == 0)
            {
                ReadPrefix(data[0]);
                data = data[1..];
                continue;
            }

            var skipped = (int)Math.Min(_rest, data.Length);
            _rest -= skipped;
            data = data[skipped..];
        }
    }

    private void ReadPrefix(byte value)
    {
        _length = _prefixSeen == 0 ? 0 : (_length << 8) | value;
        if (++_prefixSeen < PrefixLength) return;
        (_prefixSeen, _rest) = (0, _length);
        Messages++;
    }
}
