using Ambient.Http1.Heads;

namespace Ambient.HttpProxy.Bodies;

/// <summary>The way to another sink, on which what is written is counted. Reusable; on the loop only.</summary>
internal sealed class MeteredSink : IBodySink
{
    private IBodySink _sink = null!;

    public BodyMeter Meter { get; } = new();

    /// <summary>Counts from zero.</summary>
    /// <param name="hasMessages">Bodies are of gRPC.</param>
    public void Begin(IBodySink sink, bool hasMessages)
    {
        _sink = sink;
        Meter.Begin(hasMessages);
    }

    public int Room => _sink.Room;

    public void Write(ReadOnlySpan<byte> data, bool ends)
    {
        Meter.Add(data);
        _sink.Write(data, ends);
    }

    public void End(FieldSection trailers) => _sink.End(trailers);

    public ValueTask<bool> FlushAsync(bool untilRoom) => _sink.FlushAsync(untilRoom);
}
