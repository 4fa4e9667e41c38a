using System.Text;
using Ambient.Http1.Heads;

namespace Ambient.Waypoint.Telemetry;

/// <summary>Tells requests of gRPC from others, for telemetry.</summary>
internal static class GrpcRequest
{
    public static bool Is(RequestHead request) =>
        request.Fields.TryGet("content-type"u8, out var type) && type.Length >= 16 && Ascii.EqualsIgnoreCase(type[..16], "application/grpc"u8);
}
