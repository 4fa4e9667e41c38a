using Ambient.HttpProxy.Upstreams;
using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.HttpProxy.Tests.Scenes;

/// <summary>Dials by TCP as if the process had so many descriptors for servers and no more.</summary>
internal sealed class ScarceDialer(int most) : IUpstreamDialer
{
    private readonly TcpDialer _tcp = new(TimeSpan.FromSeconds(10), DescriptorReserve.OfProcess());
    private readonly List<Duplex> _open = [];

    public int Refusals { get; private set; }

    public async ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(EventLoop loop, UpstreamEndpoint endpoint, string? protocol)
    {
        _open.RemoveAll(static stream => !stream.HoldsDescriptor);
        if (_open.Count >= most)
        {
            Refusals++;
            return (null, ConnectFailure.OutOfDescriptors);
        }

        var dialled = await _tcp.DialAsync(loop, endpoint, protocol);
        if (dialled.Stream is not null) _open.Add(dialled.Stream);
        return dialled;
    }
}
