using Ambient.Protos.Xds;

namespace Ambient.Xds.Server;

/// <summary>The two ways of a delta stream, whatever carries it.</summary>
public interface IDeltaStream
{
    /// <summary>Null at its end.</summary>
    ValueTask<DeltaDiscoveryRequest?> ReadAsync(CancellationToken stop);

    /// <param name="response">Encoded; shared with other sessions.</param>
    ValueTask WriteAsync(ReadOnlyMemory<byte> response, CancellationToken stop);
}
