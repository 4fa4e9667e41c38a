using System.Runtime.CompilerServices;
using Ambient.HttpProxy.Upstreams;
using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests.Scenes;

/// <summary>Dials by TCP, each when it is told to.</summary>
internal sealed class HeldDialer : IUpstreamDialer
{
    private readonly TcpDialer _tcp = new(TimeSpan.FromSeconds(10), DescriptorReserve.OfProcess());
    private readonly Queue<(LoopSignal Go, StrongBox<ConnectFailure> Failure)> _held = [];

    /// <summary>So many are not held.</summary>
    public int Free { get; init; }

    public int Dials { get; private set; }

    public int Held => _held.Count;

    /// <summary>On the loop: the oldest that is held goes on, or fails.</summary>
    public void Next(ConnectFailure failure = default)
    {
        var (go, end) = _held.Dequeue();
        end.Value = failure;
        go.Set();
    }

    public async ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(EventLoop loop, UpstreamEndpoint endpoint, string? protocol)
    {
        if (Dials++ < Free) return await _tcp.DialAsync(loop, endpoint, protocol);
        var held = (Go: new LoopSignal(loop), Failure: new StrongBox<ConnectFailure>());
        _held.Enqueue(held);
        await held.Go.WaitAsync();
        return held.Failure.Value.IsNone ? await _tcp.DialAsync(loop, endpoint, protocol) : (null, held.Failure.Value);
    }
}
