using Ambient.Http2.Frames;
using BenchmarkDotNet.Attributes;

namespace Ambient.Benchmarks;

/// <summary>The nine bytes before every HTTP/2 frame.</summary>
[MemoryDiagnoser]
public class FrameHeaderBenchmarks
{
    private readonly byte[] _raw = [0, 0x40, 0, 0, 1, 0, 0, 0, 5];

    [Benchmark] public int Read() => FrameHeader.Read(_raw).Length;

    [Benchmark] public void Write() => new FrameHeader(16_384, FrameType.Data, 1, 5).Write(_raw);
}
