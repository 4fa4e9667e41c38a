using System.Globalization;
using Ambient.Grpc;
using Ambient.Grpc.Headers;
using Microsoft.AspNetCore.Http;

namespace Ambient.GrpcServer;

/// <summary>Writes a call's status: as trailers, or in the only header block if nothing was sent ("trailers-only").</summary>
internal static class CallEnding
{
    /// <param name="failure">Null: OK.</param>
    public static void Write(HttpContext http, RpcException? failure, GrpcMetadata trailers)
    {
        var response = http.Response;
        var only = !response.HasStarted;
        if (only)
        {
            response.StatusCode = StatusCodes.Status200OK;
            response.ContentType = GrpcHeaders.ContentType;
        }

        Add(GrpcHeaders.Status, ((int)(failure?.Code ?? StatusCode.Ok)).ToString(CultureInfo.InvariantCulture));
        if (failure is { Detail.Length: > 0 }) Add(GrpcHeaders.Message, StatusMessage.Encode(failure.Detail));
        foreach (var (name, value) in trailers) Add(name, value);
        if (failure is not null)
            foreach (var (name, value) in failure.Trailers) Add(name, value);

        void Add(string name, string value)
        {
            if (only) response.Headers.Append(name, value);
            else response.AppendTrailer(name, value);
        }
    }
}
