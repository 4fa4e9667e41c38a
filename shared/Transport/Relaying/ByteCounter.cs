namespace Ambient.Transport;

/// <summary>Bytes carried in one direction: one loop adds, any thread reads.</summary>
public sealed class ByteCounter
{
    private long _value;

    public long Value => Volatile.Read(ref _value);

    public void Add(int bytes) => Volatile.Write(ref _value, _value + bytes);
}

/// <summary>Bytes carried for one connection, as seen from who opened it (downstream).</summary>
/// <param name="Sent">From downstream to upstream.</param>
/// <param name="Received">From upstream to downstream.</param>
public sealed record ByteCounters(ByteCounter Sent, ByteCounter Received)
{
    public ByteCounters() : this(new(), new())
    {
    }
}
