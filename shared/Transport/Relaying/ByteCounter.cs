namespace Ambient.Transport;

/// <summary>Bytes carried in one direction: one loop adds, any thread reads. A field, never copied.</summary>
public struct ByteCounter
{
    private long _value;

    public readonly long Value => Volatile.Read(in _value);

    public void Add(int bytes) => Volatile.Write(ref _value, _value + bytes);
}

/// <summary>Bytes carried for one connection, as seen from who opened it (downstream).</summary>
public sealed class ByteCounters
{
    /// <summary>From downstream to upstream.</summary>
    public ByteCounter Sent;

    /// <summary>From upstream to downstream.</summary>
    public ByteCounter Received;
}
