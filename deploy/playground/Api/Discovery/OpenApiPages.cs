using Ambient.Playground.Api.Serving;
using Microsoft.AspNetCore.Http;

namespace Ambient.Playground.Api.Discovery;

internal sealed class OpenApiPages
{
    public Task ServeAsync(HttpContext context, string[] parts) => parts switch
    {
        ["openapi", "v2"] => Responses.WriteAsync(context, ReadOnlyMemory<byte>.Empty, type: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"),
        _ => throw StatusException.NoSuchPath(),
    };
}
