using System.Globalization;
using Ambient.Xds.Mapping;

namespace Ambient.Xds.Server;

/// <summary>Writes a DeltaDiscoveryResponse from resources that are encoded already, up to a size.</summary>
/// <remarks>The first item is taken whatever its size, so that an oversize one is sent alone and nothing stands still behind it.</remarks>
internal sealed class ResponseWriter(ResourceView view, int maxBytes)
{
    // Field numbers of envoy.service.discovery.v3.DeltaDiscoveryResponse and Resource, and of google.protobuf.Any.
    private const int VersionInfo = 1, Resources = 2, TypeUrl = 4, Nonce = 5, Removed = 6;
    private const int ResourceVersion = 1, ResourceAny = 2, ResourceName = 3, ResourceAliases = 4;
    private const int AnyTypeUrl = 1, AnyValue = 2;
    private readonly WireWriter _output = new();
    private bool _hasItems;

    public int Bytes => _output.Length;

    /// <summary>False and unchanged if it does not fit any more.</summary>
    public bool TryAdd(PublishedResource resource, bool withAliases)
    {
        var payload = view.Unwrap(resource.Payload);
        var anyBytes = WireWriter.SizeOf(AnyTypeUrl, view.TypeUrl) + WireWriter.SizeOfBytes(AnyValue, payload.Length);
        var version = resource.Version.ToString("x16", CultureInfo.InvariantCulture);
        var bytes = WireWriter.SizeOf(ResourceVersion, version) + WireWriter.SizeOfBytes(ResourceAny, anyBytes) + WireWriter.SizeOf(ResourceName, resource.Name);
        if (withAliases)
            foreach (var alias in resource.Aliases) bytes += WireWriter.SizeOf(ResourceAliases, alias);
        if (!HasRoom(WireWriter.SizeOfBytes(Resources, bytes))) return false;

        _output.WriteHead(Resources, bytes);
        _output.Write(ResourceVersion, version);
        _output.WriteHead(ResourceAny, anyBytes);
        _output.Write(AnyTypeUrl, view.TypeUrl);
        _output.Write(AnyValue, payload.Span);
        _output.Write(ResourceName, resource.Name);
        if (withAliases)
            foreach (var alias in resource.Aliases) _output.Write(ResourceAliases, alias);
        return true;
    }

    /// <inheritdoc cref="TryAdd"/>
    public bool TryRemove(string name)
    {
        if (!HasRoom(WireWriter.SizeOf(Removed, name))) return false;
        _output.Write(Removed, name);
        return true;
    }

    public byte[] Finish(string versionInfo, string nonce)
    {
        _output.Write(VersionInfo, versionInfo);
        _output.Write(TypeUrl, view.TypeUrl);
        _output.Write(Nonce, nonce);
        return _output.ToArray();
    }

    private bool HasRoom(int bytes)
    {
        if (_hasItems && _output.Length + bytes > maxBytes) return false;
        return _hasItems = true;
    }
}
